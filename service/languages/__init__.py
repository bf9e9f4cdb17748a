"""The languages of cards: catalogues of messages, forms of numbers and dates."""
