"""`ops/bench customers`: profiles a second from Kafka to rows, against the worker's own SQL alone."""

from .bench import main

__all__ = ["main"]
