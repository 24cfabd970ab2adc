"""What a promise is, and what several of them look at."""

from collections import defaultdict
from dataclasses import dataclass

ALL = []


@dataclass
class Promise:
    name: str
    sentence: str
    of: str
    check: callable

    def count(self, evidence):
        size = len(evidence.rows(self.of) if self.of in evidence.tables else evidence.records[self.of])
        return f"{size} of {self.of}"


def promise(name, sentence, of):
    def declare(check):
        ALL.append(Promise(name, sentence, of, check))
        return check

    return declare


def headers_of(row):
    return list(zip(row.header_names, row.header_values))


def histories_of(evidence):
    histories = defaultdict(list)
    for row in evidence.rows("lead_history"):
        histories[row.lead_id].append(row)
    return histories


def is_choice(row):
    return row.what == "allocated" and row.worker == "allocate-leads"


def choices_of(evidence):
    """Each snapshot with the leads that were given away from it, in the order of the choices."""
    made = defaultdict(list)
    for row in evidence.rows("lead_history"):
        if is_choice(row):
            made[row.snapshot_id].append(row)
    for snapshot in evidence.rows("allocation_snapshot"):
        yield snapshot, sorted(made[snapshot.id], key=lambda row: row.choice)
