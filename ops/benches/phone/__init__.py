"""`ops/bench phone`: numbers read and placed a second, against PyPI's `phonenumbers`, in one run."""

from .bench import main

__all__ = ["main"]
