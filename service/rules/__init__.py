"""Rules: what one is, how it answers, and a guideline as the folder that holds all of its own."""
