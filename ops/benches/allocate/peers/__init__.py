"""The same job by hand in Python, as well as it can be written: what the worker is compared with."""
