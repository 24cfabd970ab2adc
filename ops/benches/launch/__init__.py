"""`ops/bench launch`: a campaign from its launch to a ledger row for everybody, against the SQL alone."""

from .bench import main

__all__ = ["main"]
