"""The demonstration: one run of everything, from an empty machine to a table of whose each lead is.

Invariants:
- Everything that it starts ends with it, however it ends: PostgreSQL and the broker are in the care of a keeper that
  notices even its SIGKILL, and a worker gets SIGTERM when it dies.
- Everything that it writes lies in `.build/demo`, which is removed at the end and at the beginning.
- What a person could type, it prints and then runs as printed.
"""
