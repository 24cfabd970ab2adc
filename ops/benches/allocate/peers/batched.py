"""`python_batched`: batches of 1,000, a prepared statement a table, executemany (which sends a batch in one go)."""

from . import statements, work


class Writer:
    def __init__(self, connection, cursor, allocation, name):
        self.connection, self.cursor, self.allocation, self.name = connection, cursor, allocation, name

    def enter(self, identities):
        """Enters identities; answers the data of those that were there before."""
        self.cursor.executemany(
            "insert into seen_event (identity, data, seen_at) values (%s::uuid, %s, statement_timestamp()) "
            "on conflict do nothing", sorted(identities.items()))  # fmt: skip
        if self.cursor.rowcount == len(identities):
            return {}
        rows = self.cursor.execute(statements.KNOWN, [list(identities)]).fetchall()
        return {identity.replace("-", ""): data for identity, data in rows}

    def write(self, letters):
        allocation, cursor = self.allocation, self.cursor
        now, ruleset = allocation.now, allocation.ruleset

        def many(statement, rows):
            if rows:
                cursor.executemany(statement, rows)

        step_policy = allocation.step_policy
        many(statements.LEAD, [statements.lead(lead, now, ruleset, step_policy) for lead in allocation.opened])
        many(statements.HISTORY, [statements.history(lead, now, ruleset) for lead in allocation.opened])
        many(statements.DUPLICATE, [statements.duplicate(*each, now) for each in allocation.duplicates])
        branches, people = allocation.changed_branches(), allocation.changed_people()
        if branches:
            cursor.execute(statements.BRANCHES, [list(column) for column in zip(*branches)])
        if people:
            cursor.execute(statements.PEOPLE, [list(column) for column in zip(*people)])
        many(statements.SNAPSHOT, [statements.snapshot(branch, now) for branch in allocation.used_branches()])
        many(statements.LETTER, [statements.letter(event, self.name) for event in letters])


if __name__ == "__main__":
    work.main("python_batched", 1000, Writer)
