"""How much of a sample of records the service understands: `osteocds coverage`."""
