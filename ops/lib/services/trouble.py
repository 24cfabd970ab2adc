"""What cannot go on, in one sentence for a person."""


class Trouble(Exception):
    """Names the place and the reason, and where there is one the way on. Printed without a traceback."""
