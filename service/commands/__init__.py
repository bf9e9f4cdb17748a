"""The commands of `osteocds`, by what they are about; `service.cli` puts them together."""
