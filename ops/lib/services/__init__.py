"""The development services: a private PostgreSQL and a Kafka-compatible broker on loopback, no container engine.

Invariants:
- Everything lives in one directory (`.services` of the clone, or `--dir`), which `down` removes.
- Every server carries the directory's name in its environment. A server is found by that mark in /proc and never by
  a number kept in a file, so that nothing is lost track of when a script is killed, and nothing foreign is ended.
- Every change holds a lock on the directory itself.
- PostgreSQL does not run as root. Root's servers run as an unprivileged user, who reaches the data directory through
  an inherited descriptor, because a clone below a home directory with mode 0700 is out of that user's reach by name.
"""
