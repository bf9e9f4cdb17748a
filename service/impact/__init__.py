"""What another version or other settings would change: of a cohort, counted and listed; without one, proved."""
