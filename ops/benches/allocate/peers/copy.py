"""`python_copy`: batches of 2,000, COPY into a staging table, INSERT..SELECT from there."""

from . import statements, work

STAGING = """
    create temporary table staging (
      id bigint, phone bigint, phone_text text, region text, name text, source text, product text,
      registered_at timestamptz, branch_id bigint, owner_id bigint, reason text, protected_until timestamptz,
      rule_position integer, snapshot_id bigint, choice integer, event_source text, event_id text
    ) on commit delete rows"""

LEADS = """
    insert into lead (id, phone, phone_text, region, name, source, product, registered_at, state, branch_id, owner_id,
      held_reason, held_since, held_ruleset, protected_since, protected_until, version)
    select id, phone, phone_text, region, name, source, product, registered_at,
      case when owner_id is null then 'held' else 'owned' end, branch_id, owner_id, reason,
      case when owner_id is null then %(now)s::timestamptz end, case when owner_id is null then %(ruleset)s::int end,
      case when owner_id is not null then %(now)s::timestamptz end, protected_until, 1
    from staging"""

HISTORY = """
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, reason, ruleset, rule_position,
      snapshot_id, choice, source, event_id, worker)
    select id, 1, %(now)s::timestamptz, case when owner_id is null then 'held' else 'allocated' end, branch_id,
      owner_id, reason, %(ruleset)s::int, rule_position, snapshot_id, choice, event_source, event_id, 'allocate-leads'
    from staging"""

ENTER = """
    insert into seen_event (identity, data, seen_at)
    select identity, data, statement_timestamp() from seen_staging on conflict do nothing"""

SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def line(*values):
    """A line of COPY's text form. Only texts from outside can hold what has to be escaped."""
    return "\t".join(["\\N" if value is None else str(value) for value in values])


def escaped(text):
    return text if text is None or text.isalnum() else text.translate(SPECIAL)


def array(values):
    return "{" + ",".join(map(str, values)) + "}"


class Writer:
    def __init__(self, connection, cursor, allocation, name):
        self.connection, self.cursor, self.allocation, self.name = connection, cursor, allocation, name
        cursor.execute(STAGING)
        cursor.execute("create temporary table seen_staging (identity uuid, data bigint) on commit delete rows")

    def copy(self, into, lines):
        with self.cursor.copy(f"copy {into} from stdin") as copy:
            copy.write("\n".join(lines) + "\n")

    def enter(self, identities):
        """Enters identities; answers the data of those that were there before."""
        if not identities:
            return {}
        self.copy("seen_staging", [f"{identity}\t{data}" for identity, data in sorted(identities.items())])
        if self.cursor.execute(ENTER).rowcount == len(identities):
            return {}
        rows = self.cursor.execute(statements.KNOWN, [list(identities)]).fetchall()
        return {identity.replace("-", ""): data for identity, data in rows}

    def write(self, letters):
        allocation, cursor = self.allocation, self.cursor
        now = allocation.now
        if allocation.opened:
            self.copy("staging", [self.staged(lead) for lead in allocation.opened])
            common = {"now": now, "ruleset": allocation.ruleset}
            cursor.execute(LEADS, common)
            cursor.execute(HISTORY, common)
        if allocation.duplicates:
            self.copy("lead_duplicate", [self.duplicate(number, event, now) for number, event in allocation.duplicates])
        branches, people = allocation.changed_branches(), allocation.changed_people()
        if branches:
            cursor.execute(statements.BRANCHES, [list(column) for column in zip(*branches)])
        if people:
            cursor.execute(statements.PEOPLE, [list(column) for column in zip(*people)])
        used = allocation.used_branches()
        if used:
            self.copy("allocation_snapshot", [self.snapshot(branch, now) for branch in used])
        if letters:
            cursor.executemany(statements.LETTER, [statements.letter(event, self.name) for event in letters])

    @staticmethod
    def staged(lead):
        event, branch, owner = lead.event, lead.branch, lead.owner
        phone, _, name, source, product = event.lead
        return line(
            lead.id, event.digits, escaped(phone) if event.digits is None else None, event.region, escaped(name),
            escaped(source), escaped(product), event.time, branch and branch.id, owner and owner.id, lead.reason,
            lead.until, lead.rule, branch and branch.snapshot, lead.choice, escaped(event.source), escaped(event.id),
        )  # fmt: skip

    @staticmethod
    def duplicate(number, event, now):
        _, _, _, source, product = event.lead
        return line(
            number, now, escaped(source), escaped(product), escaped(event.source), escaped(event.id), event.time
        )  # fmt: skip

    @staticmethod
    def snapshot(branch, now):
        number, of_branch, at, *lists, excluded = statements.snapshot(branch, now)
        return line(number, of_branch, at, *map(array, lists), array(f'"{each}"' for each in excluded))


if __name__ == "__main__":
    work.main("python_copy", 2000, Writer)
