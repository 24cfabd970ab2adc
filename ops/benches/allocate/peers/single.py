"""`python_single`: a transaction a message, each statement by itself."""

from . import statements, work


class Writer:
    def __init__(self, connection, cursor, allocation, name):
        self.connection, self.cursor, self.allocation, self.name = connection, cursor, allocation, name

    def enter(self, identities):
        """Enters the identity, if it is a sound event's; answers its data where it was there before."""
        for identity in identities.items():
            self.cursor.execute(
                "insert into seen_event (identity, data, seen_at) values (%s::uuid, %s, statement_timestamp()) "
                "on conflict do nothing", identity)  # fmt: skip
            if not self.cursor.rowcount:
                rows = self.cursor.execute(statements.KNOWN, [list(identities)]).fetchall()
                return {known.replace("-", ""): data for known, data in rows}
        return {}

    def write(self, letters):
        allocation, cursor = self.allocation, self.cursor
        now, ruleset = allocation.now, allocation.ruleset
        for lead in allocation.opened:
            cursor.execute(statements.LEAD, statements.lead(lead, now, ruleset, allocation.step_policy))
            cursor.execute(statements.HISTORY, statements.history(lead, now, ruleset))
        for number, event in allocation.duplicates:
            cursor.execute(statements.DUPLICATE, statements.duplicate(number, event, now))
        branches, people = allocation.changed_branches(), allocation.changed_people()
        if branches:
            cursor.execute(statements.BRANCHES, [list(column) for column in zip(*branches)])
        if people:
            cursor.execute(statements.PEOPLE, [list(column) for column in zip(*people)])
        for branch in allocation.used_branches():
            cursor.execute(statements.SNAPSHOT, statements.snapshot(branch, now))
        for event in letters:
            cursor.execute(statements.LETTER, statements.letter(event, self.name))


if __name__ == "__main__":
    work.main("python_single", 1, Writer)
