"""What the judge looks at: every byte of the topics and every row of the tables, read by ordinary clients.

Imports nothing of the product, and knows only what is documented: CloudEvents over Kafka, the consumer's rule for
repeats, the meaning of the tables' columns.
"""

import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psycopg
from confluent_kafka import Consumer, KafkaError, TopicPartition
from psycopg.rows import namedtuple_row

REGISTERED = "lead.registered"
OWNERSHIP = "lead.ownership"
PROFILES = "customer.profile"
SERVICE = "service.recorded"
ACTIVITY = "lead.activity"
CALLS = "call.events"
PROGRESS = "campaign.progress"
COMMANDS = "campaign.commands"
VALUES = "customer.value"
# Topics that others write to as well as the relay, or alone.
FROM_OUTSIDE = {REGISTERED, PROFILES, ACTIVITY, CALLS, COMMANDS, VALUES}
# Seconds that a transaction may take to be decided once nothing moves any more.
UNDECIDED = 5
# Seconds that are waited for nothing to move any more.
PATIENCE = 120


@dataclass(slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    time: int
    key: bytes | None
    value: bytes | None
    headers: list

    @property
    def place(self):
        return f"{self.topic}/{self.partition} at offset {self.offset}"

    def header(self, name):
        found = [value for header, value in self.headers if header == name]
        return found[-1] if found else None

    def text(self, name):
        value = self.header(name)
        return None if value is None else value.decode("utf-8", "replace")

    def mark(self):
        """Where it stands in the relay's stream; None for a record that no relay wrote."""
        run, index = self.text("millrace_run"), self.text("millrace_index")
        return None if run is None or index is None else (int(run), int(index))

    def identity(self):
        """(source, id) as the documentation gives them to producers; None where the envelope has none to read."""
        if (self.text("content-type") or "").startswith("application/cloudevents"):
            try:
                envelope = json.loads(self.value)
                source, number = envelope["source"], envelope["id"]
            except (TypeError, ValueError, KeyError):
                return None
            return (source, number) if isinstance(source, str) and isinstance(number, str) else None
        if self.header("ce_specversion") is not None:
            source, number = self.header("ce_source"), self.header("ce_id")
            try:
                return (source.decode(), number.decode()) if source and number else None
            except UnicodeDecodeError:
                return None
        return self.topic, f"{self.topic}/0/{self.partition}/{self.offset}"

    def data(self):
        """The bytes that must be the same wherever this source and id come again."""
        if (self.text("content-type") or "").startswith("application/cloudevents"):
            try:
                return json.dumps(json.loads(self.value)["data"], sort_keys=True).encode()
            except (TypeError, ValueError, KeyError):
                return self.value
        return self.value


@dataclass
class Evidence:
    """All of it, at one moment at which nothing moves any more."""

    records: dict = field(default_factory=lambda: defaultdict(list))
    ends: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)

    @property
    def topics(self):
        return sorted(self.records)

    def rows(self, name):
        return self.tables[name]

    def once(self, topic):
        """What a consumer that keeps the highest (run, index) of each partition takes of a topic that the relay writes,
        in order of offset."""
        highest = defaultdict(lambda: (0, -1))
        for record in self.records[topic]:
            mark = record.mark()
            if mark is not None and mark > highest[record.partition]:
                highest[record.partition] = mark
                yield record


def gather(kafka, conninfo="", schema="millrace"):
    """`kafka` are librdkafka's properties; `conninfo` is libpq's, with PG… variables for what it leaves out.

    The topics are read between two readings of the tables, again and again until both readings are the same: a sweep or
    a timer that still had something to do would look like events that were lost.
    """
    patience = time.monotonic() + PATIENCE
    before = _read_tables(conninfo, schema)
    while True:
        evidence = read_topics(kafka)
        evidence.tables = _read_tables(conninfo, schema)
        moved = [name for name, rows in evidence.tables.items() if rows != before[name]]
        if not moved:
            return evidence
        if time.monotonic() > patience:
            raise TimeoutError(f"after {PATIENCE} s something still moves in {', '.join(moved)}")
        before = evidence.tables


def read_topics(kafka):
    """The records alone, whatever moves."""
    evidence = Evidence()
    consumer = Consumer(
        {
            "fetch.wait.max.ms": 10, "log_level": 0, **kafka, "group.id": f"judge-{os.getpid()}",
            "enable.auto.commit": False, "enable.partition.eof": True, "isolation.level": "read_committed",
            "auto.offset.reset": "error", "fetch.message.max.bytes": 8 << 20,
        }
    )  # fmt: skip
    try:
        there = consumer.list_topics(timeout=60).topics
        names = [topic for topic in there if not topic.startswith("_")]
        unread = {(topic, partition) for topic in names for partition in there[topic].partitions}
        starts = []
        for topic, partition in sorted(unread):
            low, _ = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=60)
            starts.append(TopicPartition(topic, partition, low))
        consumer.assign(starts)
        # Partitions read to where transactions are decided, with more behind it: until when that is waited for. A commit is
        # answered before it can be read everywhere; what a killed relay left open is decided by its successor, or by nobody.
        undecided = {}
        heard = time.monotonic()
        while unread:
            message = consumer.poll(0.1)
            now = time.monotonic()
            unread -= {place for place, until in undecided.items() if now > until}
            if message is None:
                if now - heard > 60:
                    raise TimeoutError(f"nothing of these partitions for 60 s: {sorted(unread)}")
                continue
            heard = now
            place = message.topic(), message.partition()
            if message.error() is None:
                evidence.records[message.topic()].append(
                    Record(
                        *place, message.offset(), message.timestamp()[1], message.key(), message.value(),
                        [(name, value or b"") for name, value in message.headers() or []],
                    )
                )  # fmt: skip
            elif message.error().code() == KafkaError._PARTITION_EOF:
                evidence.ends[place] = message.offset()
                _, written = consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
                if message.offset() >= written:
                    unread.discard(place)
                else:
                    undecided.setdefault(place, now + UNDECIDED)
            else:
                raise RuntimeError(f"{place}: {message.error()}")
        for records in evidence.records.values():
            records.sort(key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()
    return evidence


TABLES = {
    "lead": "select * from lead",
    "lead_history": "select * from lead_history order by lead_id, version",
    "lead_duplicate": "select * from lead_duplicate",
    "dead_letter": "select * from dead_letter order by id",
    "allocation_snapshot": "select * from allocation_snapshot order by branch_id, taken_at, id",
    "allocation_rule": "select * from allocation_rule order by ruleset, position",
    "branch": """select b.id, b.code, b.time_zone, b.calendar_id, b.catch_up, b.parent_id, l.held, l.turn
                 from branch b left join branch_load l on l.branch_id = b.id order by b.id""",
    "lead_source": "select * from lead_source",
    "pool_policy": "select * from pool_policy",
    "call": "select * from call order by id, use",
    "call_back": "select * from call_back order by call_id, use",
    "calendar": "select * from calendar",
    "calendar_day": "select * from calendar_day",
    # The driver knows no 24:00.
    "calendar_hours": """select calendar_id, weekday, opens, least(closes, '23:59:59.999999') as closes
                         from calendar_hours""",
    "command": "select * from command",
    "reminder": "select * from reminder order by id",
    "person": """select p.*, l.open_leads, l.turn, l.allocated, l.claimed_on, l.claimed_today
                 from person p left join person_load l on l.person_id = p.id order by p.branch_id, p.id""",
    "customer": """select c.*, array(select phone from customer_phone p where p.customer_id = c.id order by place) as phones
                   from customer c""",
    "customer_move": "select * from customer_move order by id",
    "position": "select * from position",
    "outbox": "select id, topic from outbox",
    "outbox_run": "select run from outbox_run",
    "outbox_refused": "select * from outbox_refused",
    "scheduled_event": "select key from scheduled_event where due_at < now() - interval '5 seconds'",
    "set_aside": "select * from set_aside",
    "service_log": "select * from service_log order by number",
    "service_due": "select * from service_due",
    "service_action": "select id from service_action",
    "service_day": "select organisation, day, entries from service_day",
    "campaign": """select id, name, definition, state, branch_id, launched_at, expanded_at, settled_at, version
                   from campaign order by id""",
    "campaign_step": "select * from campaign_step order by campaign_id, number",
    "campaign_recipient": """select campaign_id, subject, variant, state, reason, place, channel, message_id, is_open
                             from campaign_recipient order by campaign_id, subject""",
    "task": "select id, campaign_id, subject, place, state, outcome, version, followed from task order by id",
    "campaign_count": "select * from campaign_count",
    "message": """select id, campaign_id, event_id, channel, state, reason, coalesce(email, phone::text) as address
                  from message where campaign_id <> 0 order by id""",
    "privacy_erasure": "select leads, entries from privacy_erasure",
}


def _read_tables(conninfo, schema):
    with psycopg.connect(conninfo, row_factory=namedtuple_row) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute("select set_config('search_path', %s, true)", [schema])
        tables = {name: connection.execute(query).fetchall() for name, query in TABLES.items()}
        # Written by a trigger of the tests where they watch who moves positions; not there otherwise.
        watched = connection.execute("select to_regclass('position_witness') is not null as watched").fetchone().watched
        tables["position_witness"] = (
            connection.execute("select * from position_witness order by moment").fetchall() if watched else []
        )
    return tables
