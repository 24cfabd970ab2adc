#!/usr/bin/env python
"""Whether every promise was kept: reads the topics' bytes and the tables and says what is wrong, if anything.

    python Tests/Journeys/judge.py [--json] [--without PROMISE]...

Uses KAFKA_BOOTSTRAP_SERVERS and the PG… variables (or DATABASE_URL) of its environment, as the workers do; imports
nothing of theirs. The workers must have come to rest. Exits with 1 when a promise was broken.
"""

import argparse
import json
import os
import sys
from itertools import islice

import promises
from evidence import gather

SHOWN = 5


class Verdict:
    def __init__(self, promise, broken, looked_at):
        self.promise, self.broken, self.looked_at = promise, broken, looked_at

    def __str__(self):
        if not self.broken:
            return f"kept    {self.promise.name}: {self.promise.sentence} ({self.looked_at})"
        lines = "".join(f"\n          {sentence}" for sentence in self.broken[:SHOWN])
        more = len(self.broken) - SHOWN
        lines += f"\n          and {more} more" if more > 0 else ""
        return f"BROKEN  {self.promise.name}: {self.promise.sentence}{lines}"


def judge(evidence, without=()):
    """A verdict for each promise but those named in `without`."""
    unknown = set(without) - {promise.name for promise in promises.ALL}
    if unknown:
        raise ValueError(f"no such promise: {', '.join(sorted(unknown))}")
    chosen = [promise for promise in promises.ALL if promise.name not in without]
    return [Verdict(promise, list(islice(promise.check(evidence), 1000)), promise.count(evidence)) for promise in chosen]


def broken(verdicts):
    return [verdict.promise.name for verdict in verdicts if verdict.broken]


def main():
    parser = argparse.ArgumentParser(description="Whether every promise was kept.")
    parser.add_argument("--json", action="store_true", help="an object a line")
    parser.add_argument("--without", action="append", default=[], metavar="PROMISE", help="leave this promise out")
    options = parser.parse_args()
    kafka = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in os.environ.items() if name == "KAFKA_BOOTSTRAP_SERVERS" or name.startswith("KAFKA_S")
    }  # fmt: skip
    kafka.pop("session.timeout.ms", None)
    evidence = gather(kafka, os.environ.get("DATABASE_URL", ""), os.environ.get("DATABASE_SCHEMA", "millrace"))
    verdicts = judge(evidence, options.without)
    for verdict in verdicts:
        if options.json:
            print(json.dumps({"promise": verdict.promise.name, "kept": not verdict.broken, "broken": verdict.broken}))
        else:
            print(verdict)
    return 1 if broken(verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
