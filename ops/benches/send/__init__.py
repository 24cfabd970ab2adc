"""`ops/bench send`: messages a second from the ledger to a gateway and back, against the same job by hand."""

from .bench import main

__all__ = ["main"]
