"""The catalogue of the rules: what clinicians read and sign, as pages and as files."""
