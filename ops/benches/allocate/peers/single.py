"""`python_single`: a transaction a message."""

from . import batched, work

if __name__ == "__main__":
    work.main("python_single", 1, batched.Writer)
