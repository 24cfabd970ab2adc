"""`ops/bench calls`: events of calls a second from Kafka to rows, against the same job by hand."""

from .bench import main

__all__ = ["main"]
