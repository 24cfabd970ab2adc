"""The same job by hand: at least once, with the same rows in the same tables."""
