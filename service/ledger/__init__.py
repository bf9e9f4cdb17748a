"""The ledger: what was asked and answered, row by row, in a database; and what became of the cards."""
