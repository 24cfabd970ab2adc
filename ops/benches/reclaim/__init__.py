from .bench import main  # noqa: F401
