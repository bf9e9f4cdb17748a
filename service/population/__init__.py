"""From one order to a whole population: the rules that the hooks ask, over an export of many records."""
