"""What shows that the library can be trusted: one module a goal, run by ``make prove``."""
