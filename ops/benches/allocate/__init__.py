"""`ops/bench allocate`: leads a second from Kafka to PostgreSQL and back, against the same job by hand, in one run."""

from .bench import main

__all__ = ["main"]
