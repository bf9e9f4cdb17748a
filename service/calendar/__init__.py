"""A patient on an axis of days: the picture, and the days on which what is planned respects the rules."""
