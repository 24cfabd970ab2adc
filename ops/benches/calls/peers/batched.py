"""`python_batched`: batches of 1,000, executemany."""

from . import statements, work

MARKS = ", ".join(["%s"] * 6 + [statements.MOMENT.format("%s::bigint")] * 4 + ["%s"] * 8)
CALLS = f"""
insert into call as c ({statements.CALL_COLUMNS}, version, transfers) values ({MARKS}, 1, 0)
on conflict (id, use) do update set {statements.UPDATES}, version = c.version + 1"""
FIGURES = f"insert into call_figure as f ({statements.FIGURES}) values ({', '.join(['%s'] * 14)}) {statements.MERGE_FIGURES}"
CONTACTS = f"""
insert into call_contact as c (phone, at) values (%s, {statements.MOMENT.format("%s::bigint")}) {statements.MERGE_CONTACTS}"""
BACKS = f"""
insert into call_back (call_id, phone, missed_at, queue, agent, wanted, raise_at)
values (%s, %s, {statements.MOMENT.format("%s::bigint")}, %s, %s, %s, now()) {statements.MERGE_BACKS}"""


def writer(_):
    return write


def write(cursor, rows, figures, contacts, backs):
    if rows:
        cursor.executemany(CALLS, [statements.call(row) for row in rows])
    if figures:
        cursor.executemany(FIGURES, [statements.figure(key, figures[key]) for key in sorted(figures)])
    if contacts:
        cursor.executemany(CONTACTS, sorted(contacts.items()))
    if backs:
        cursor.executemany(BACKS, backs)


if __name__ == "__main__":
    work.main("python_batched", 1000, writer)
