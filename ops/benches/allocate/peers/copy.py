"""`python_copy`: batches of 2,000, COPY into a staging table, INSERT..SELECT from there."""

from . import statements, work

STAGING = """
    create temporary table staging (
      id bigint, phone bigint, phone_text text, region text, name text, source text, product text, language text,
      amount bigint, currency text, identity uuid, number text, customer_id bigint, suggested bigint[],
      importer_id bigint, registered_at timestamptz, state text, what text, branch_id bigint, owner_id bigint,
      reason text, basis text, note text, protected_until timestamptz, check_at timestamptz, due timestamptz, remind timestamptz, rule_position integer,
      snapshot_id bigint, choice integer, event_source text, event_id text
    ) on commit delete rows"""

LEADS = f"""
    insert into lead ({statements.LEAD_COLUMNS})
    select id, phone, phone_text, region, name, source, product, language, amount / 10000.0, currency, identity, number,
      customer_id, suggested, importer_id, registered_at, state, branch_id, owner_id,
      case state when 'held' then reason end, case state when 'held' then %(now)s::timestamptz end,
      case state when 'held' then %(ruleset)s::int end,
      case reason when 'no-step-policy' then %(step_policy)s::bigint end,
      case state when 'owned' then %(now)s::timestamptz end, protected_until, check_at, due, remind,
      case state when 'converted' then %(now)s::timestamptz end, 1
    from staging"""

HISTORY = f"""
    insert into lead_history ({statements.HISTORY_COLUMNS})
    select id, 1, %(now)s::timestamptz, what, branch_id, owner_id, reason, basis, note, %(ruleset)s::int, rule_position,
      snapshot_id, choice, event_source, event_id, 'allocate-leads'
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
    """None where there is none; of texts only those without signs."""
    return None if values is None else "{" + ",".join(["null" if each is None else str(each) for each in values]) + "}"


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
            common = {"now": now, "ruleset": allocation.ruleset, "step_policy": allocation.step_policy}
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
            into = f"allocation_snapshot ({statements.SNAPSHOT_COLUMNS})"
            self.copy(into, [self.snapshot(branch, now) for branch in used])
        if letters:
            cursor.executemany(statements.LETTER, [statements.letter(event, self.name) for event in letters])

    @staticmethod
    def staged(lead):
        event, said = lead.event, lead.event.lead
        return line(
            lead.id, event.digits, escaped(said.phone) if event.digits is None else None, event.region,
            escaped(said.name), escaped(said.source), escaped(said.product), said.language, said.amount, said.currency, said.identity,
            escaped(said.number), lead.customer, array(lead.suggested), lead.importer, event.time, lead.state,
            lead.what, lead.branch, lead.owner, lead.reason, lead.basis, lead.note, lead.until, lead.check, lead.due, lead.remind,
            lead.rule, lead.snapshot, lead.choice, escaped(event.source), escaped(event.id),
        )  # fmt: skip

    @staticmethod
    def duplicate(number, event, now):
        said = event.lead
        return line(
            number, now, escaped(said.source), escaped(said.product), escaped(event.source), escaped(event.id),
            event.time,
        )  # fmt: skip

    @staticmethod
    def snapshot(branch, now):
        number, of_branch, at, method, turn, *lists = statements.snapshot(branch, now)
        return line(number, of_branch, at, method, turn, *map(array, lists))


if __name__ == "__main__":
    work.main("python_copy", 2000, Writer)
