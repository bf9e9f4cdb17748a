"""The vocabulary: which codes, names and units stand for what, kept as tables."""
