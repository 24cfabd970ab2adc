"""Rows as the tables want them, and what both peers write with."""

from .fold import dense

CALL_COLUMNS = ("id, facts, direction, queue, agent, phone, started_at, answered_at, ended_at, last_at, ring_ms, wait_ms, "
                "talk_ms, hold_ms, wrap_up_ms, outcome, disposition, flags")  # fmt: skip
UPDATES = ", ".join(f"{name} = excluded.{name}" for name in CALL_COLUMNS.split(", ")[1:])
FIGURES = ("is_agent, name, quarter, offered, answered, abandoned, missed, transferred, answer_time, talk_time, hold_time, "
           "wrap_up_time, answered_after, abandoned_after")  # fmt: skip
SUMS = ", ".join(f"{name} = f.{name} + excluded.{name}" for name in FIGURES.split(", ")[3:12])
MERGE_FIGURES = f"""
on conflict (is_agent, name, quarter) do update set {SUMS},
  answered_after = added_counts(f.answered_after, excluded.answered_after),
  abandoned_after = added_counts(f.abandoned_after, excluded.abandoned_after)"""
MERGE_CONTACTS = "on conflict (phone) do update set at = excluded.at where c.at < excluded.at"
MERGE_BACKS = """
on conflict (call_id, use) do update set phone = excluded.phone, missed_at = excluded.missed_at, queue = excluded.queue,
  agent = excluded.agent, wanted = excluded.wanted"""
# Microseconds since 1970, exactly.
MOMENT = "'epoch'::timestamptz + {} * interval '1 microsecond'"


def call(row):
    number, facts, story = row
    return (number, facts, story.direction, story.queue, story.agent, story.phone, story.start, story.answered, story.end,
            story.last, story.ring // 1000, story.wait // 1000, story.talk // 1000, story.hold // 1000, story.wrap // 1000,
            story.outcome, story.disposition, story.flags)  # fmt: skip


def figure(key, sums):
    return (*key, *sums[:9], dense(sums[9]), dense(sums[10]))
