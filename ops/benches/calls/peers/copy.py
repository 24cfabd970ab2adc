"""`python_copy`: batches of 2,000, COPY into staging tables, INSERT..SELECT from there."""

from . import statements, work

CALLS = f"""
insert into call as c ({statements.CALL_COLUMNS}, version, transfers)
select id, facts, direction, queue, agent, phone, {statements.MOMENT.format("started_at")},
  {statements.MOMENT.format("answered_at")}, {statements.MOMENT.format("ended_at")}, {statements.MOMENT.format("last_at")},
  ring_ms, wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, disposition, flags, 1, 0
from call_staging
on conflict (id, use) do update set {statements.UPDATES}, version = c.version + 1"""

STAGING = f"""
create temporary table call_staging (id text, facts text, direction text, queue text, agent text, phone bigint,
  started_at bigint, answered_at bigint, ended_at bigint, last_at bigint, ring_ms int, wait_ms int, talk_ms int, hold_ms int,
  wrap_up_ms int, outcome text, disposition text, flags int) on commit delete rows;
create temporary table figure_staging on commit delete rows as select {statements.FIGURES} from call_figure with no data;
create temporary table contact_staging (phone bigint, at bigint) on commit delete rows;
create temporary table back_staging (call_id text, phone bigint, missed_at bigint, queue text, agent text, wanted boolean)
  on commit delete rows"""


class Writer:
    def __init__(self, connection):
        connection.execute("reset role")
        connection.execute("grant temporary on database " + connection.info.dbname + " to millrace_track_calls")
        connection.execute("set role millrace_track_calls")
        connection.execute(STAGING)
        connection.commit()

    def __call__(self, cursor, rows, figures, contacts, backs):
        self.copy(cursor, "call_staging", [statements.call(row) for row in rows])
        if rows:
            cursor.execute(CALLS)
        self.copy(cursor, "figure_staging", [statements.figure(key, figures[key]) for key in sorted(figures)])
        if figures:
            cursor.execute(
                f"insert into call_figure as f ({statements.FIGURES}) select {statements.FIGURES} from figure_staging "
                f"{statements.MERGE_FIGURES}")
        if contacts:
            self.copy(cursor, "contact_staging", sorted(contacts.items()))
            cursor.execute(f"insert into call_contact as c (phone, at) select phone, {statements.MOMENT.format('at')} "
                           f"from contact_staging {statements.MERGE_CONTACTS}")  # fmt: skip
        if backs:
            self.copy(cursor, "back_staging", backs)
            cursor.execute(
                "insert into call_back (call_id, phone, missed_at, queue, agent, wanted, raise_at) select call_id, phone, "
                f"{statements.MOMENT.format('missed_at')}, queue, agent, wanted, now() from back_staging {statements.MERGE_BACKS}")

    @staticmethod
    def copy(cursor, into, rows):
        if rows:
            with cursor.copy(f"copy {into} from stdin") as copy:
                copy.write("".join(["\t".join([text(value) for value in row]) + "\n" for row in rows]))


def text(value):
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)


if __name__ == "__main__":
    work.main("python_copy", 2000, Writer)
