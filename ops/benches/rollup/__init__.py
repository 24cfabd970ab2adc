"""`ops/bench rollup`: outcomes of campaigns' messages a second from Kafka to figures, against the same job by hand."""

from .bench import main

__all__ = ["main"]
