"""What is emitted."""

import json
from collections import Counter, defaultdict
from datetime import datetime

from evidence import FROM_OUTSIDE, OWNERSHIP
from rotation import murmur2

from promises.shared import headers_of, histories_of, promise


@promise("history", "every lead's history counts 1, 2, 3 … and ends in what the lead is", "lead_history")
def history_is_whole(evidence):
    histories = histories_of(evidence)
    for lead in evidence.rows("lead"):
        history = histories.get(lead.id, [])
        versions = [row.version for row in history]
        if versions != list(range(1, lead.version + 1)):
            yield f"lead {lead.id} is at version {lead.version}, its history has {versions}"
            continue
        last = history[-1]
        is_so = lead.state in STATES.get(last.what, {last.what})
        if not is_so or (lead.branch_id, lead.owner_id) != (last.branch_id, last.owner_id):
            yield f"lead {lead.id} is {lead.state} at {lead.branch_id} by {lead.owner_id}, its history ends otherwise"
        if any(row.at > later.at for row, later in zip(history, history[1:])):
            yield f"lead {lead.id} has a history that goes back in time"


# What a row of a history leaves a lead as; other words are states themselves.
STATES = {
    "allocated": {"owned"}, "claimed": {"owned"}, "assigned": {"owned"}, "transferred": {"owned"}, "restored": {"owned"},
    "contacted": {"owned"}, "protected": {"owned"}, "reclaimed": {"pooled", "held"}, "released": {"pooled"},
}  # fmt: skip
# What is told of it; other words are the ends of types themselves.
TYPES = {
    "waiting": "passed", "claimed": "allocated", "assigned": "allocated", "transferred": "allocated",
    "restored": "allocated", "contacted": "extended", "protected": "extended", "released": "pooled",
}  # fmt: skip
# Workers whose choices and words are judged here in full.
OURS = {"allocate-leads", "keep-customers"}


@promise("announced", "every row of a history has one lead.ownership event, and no event is without a row", OWNERSHIP)
def announced_once(evidence):
    events = Counter(version_of(record) for record in _told(evidence))
    refused = _refused(evidence, OWNERSHIP)
    for row in evidence.rows("lead_history"):
        count = events.pop((row.lead_id, row.version), 0) + refused.pop((row.lead_id, row.version), 0)
        if count != 1:
            yield f"version {row.version} of lead {row.lead_id} has {count} events"
    for (lead, version), count in events.items():
        yield f"version {version} of lead {lead} has {count} events and no row"


def _told(evidence):
    """Without what was declined, of which nothing came."""
    return (record for record in evidence.once(OWNERSHIP) if record.text("ce_type") != "lead.declined")


def version_of(record):
    data = json.loads(record.value)
    return data["leadId"], data["version"]


def _refused(evidence, topic):
    payloads = [json.loads(row.payload) for row in evidence.rows("outbox_refused") if row.topic == topic]
    return Counter((data["leadId"], data["version"]) for data in payloads)


@promise("runs", "every run of the relay is whole: each of its indexes once, over all topics", OWNERSHIP)
def runs_are_whole(evidence):
    runs = defaultdict(Counter)
    for topic in evidence.topics:
        for record in evidence.records[topic]:
            # What operators replay goes back to where it came from, marked like everything else from the relay.
            if record.mark() is None and topic not in FROM_OUTSIDE:
                yield f"{record.place} is not marked as the relay's"
        for record in evidence.once(topic):
            run, index = record.mark()
            runs[run][index] += 1
    for row in evidence.rows("outbox_refused"):
        runs[row.run][row.run_index] += 1
    for run, indexes in sorted(runs.items()):
        twice = sorted(index for index, count in indexes.items() if count > 1)
        missing = sorted(set(range(max(indexes) + 1)) - set(indexes))
        if twice:
            yield f"run {run} has {len(twice)} indexes more than once, such as {twice[0]}"
        if missing:
            yield f"run {run} lacks {len(missing)} of its {max(indexes) + 1} indexes, such as {missing[0]}"


@promise("order", "the events of a lead are in one partition, its key's, and in order", OWNERSHIP)
def in_order(evidence):
    last, where = {}, {}
    partitions = sum(1 for topic, _ in evidence.ends if topic == OWNERSHIP)
    for record in evidence.once(OWNERSHIP):
        lead, version = version_of(record)
        if record.key != str(lead).encode():
            yield f"{record.place} is about lead {lead} under the key {record.key!r}"
        elif record.partition != (murmur2(record.key) & 0x7FFFFFFF) % partitions:
            yield f"{record.place} is not where Java's producer would put the key {lead}"
        if where.setdefault(lead, record.partition) != record.partition:
            yield f"lead {lead} has events in the partitions {where[lead]} and {record.partition}"
        if record.text("ce_type") == "lead.declined":
            continue
        if version <= last.get(lead, 0):
            yield f"{record.place} is version {version} of lead {lead}, after version {last[lead]}"
        last[lead] = version


@promise("true", "every event says what the row says", OWNERSHIP)
def events_say_what_rows_say(evidence):
    rows = {(row.lead_id, row.version): row for row in evidence.rows("lead_history")}
    leads = {lead.id: lead for lead in evidence.rows("lead")}
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    people = {person.id: person.code for person in evidence.rows("person")}
    customers = {customer.id: customer.code for customer in evidence.rows("customer")}
    for record in _told(evidence):
        data = json.loads(record.value)
        row = rows.get((data["leadId"], data["version"]))
        if row is None:
            continue
        lead = leads[row.lead_id]
        kind = TYPES.get(row.what, row.what)
        if row.what == "reclaimed":
            kind = "pooled" if data.get("formerOwner") else "held"
        expected = {
            "type": f"lead.{kind}", "owner": people.get(row.owner_id),
            "by": row.reason if row.what == "converted" else None, "region": lead.region,
        }  # fmt: skip
        if kind != "extended":
            expected["branch"] = branches.get(row.branch_id)
        if row.worker in OURS:
            expected |= {"reason": row.reason if row.what == "held" else None, "at": row.at}
        if kind == "pooled" and row.what != "pooled":
            expected["formerOwner"] = people.get(row.former_owner_id)
        said = {"type": record.text("ce_type"), "at": datetime.fromisoformat(data["at"])}
        said |= {name: data.get(name) for name in ("branch", "owner", "reason", "by", "region", "formerOwner")}
        if row.what == "converted":
            expected["customer"], said["customer"] = customers.get(leads[row.lead_id].customer_id), data["customer"]
        if row.what == "waiting" and lead.version == row.version:
            expected["due"], said["due"] = lead.step_due_at, datetime.fromisoformat(data["dueAt"])
        if row.what == "allocated" and leads[row.lead_id].version == row.version:
            expected["until"] = leads[row.lead_id].protected_until
            said["until"] = datetime.fromisoformat(data["protectedUntil"])
        wrong = [f"{name} {said[name]}, the row {expected[name]}" for name in expected if said[name] != expected[name]]
        if wrong:
            yield f"{record.place}, lead {row.lead_id} version {row.version}: it says {'; '.join(wrong)}"
        if record.text("ce_specversion") != "1.0" or not record.text("ce_id") or not record.text("ce_source"):
            yield f"{record.place} is no CloudEvent"


@promise("ids", "no two events have the same source and id", OWNERSHIP)
def ids_are_unique(evidence):
    ids = Counter((record.text("ce_source"), record.text("ce_id")) for record in evidence.once(OWNERSHIP))
    for (source, number), count in ids.items():
        if count > 1:
            yield f"{count} events of {source} have the id {number}"


@promise("outbox", "nothing is left in the outbox, nothing due is unsent, nothing was refused", "outbox")
def outbox_is_empty(evidence):
    for row in evidence.rows("outbox"):
        yield f"outbox row {row.id} for {row.topic} is still there"
    for row in evidence.rows("outbox_run"):
        yield f"run {row.run} is still being published"
    for row in evidence.rows("scheduled_event"):
        yield f"the scheduled event {row.key} is overdue"
    for row in evidence.rows("outbox_refused"):
        yield f"the broker refused {row.event_id} for {row.topic}: {row.reason}"


def _own(headers):
    """Without those that a dead letter gets on top, also on its way through an earlier one."""
    return [header for header in headers if not header[0].startswith(("__dlq.", "millrace_"))]


@promise("dead-letters", "every dead letter is on its topic once, with its key, bytes, headers and why", "dead_letter")
def dead_letters_are_announced(evidence):
    announced = defaultdict(list)
    for topic in evidence.topics:
        if not topic.endswith(".dlq"):
            continue
        for record in evidence.once(topic):
            told = [record.text(f"__dlq.errors.{name}") for name in ("topic", "partition", "offset")]
            announced[tuple(told)].append(record)
    for row in evidence.rows("dead_letter"):
        records = announced.pop((row.topic, str(row.partition), str(row.offset)), [])
        place = f"dead letter {row.id} of {row.topic}/{row.partition} at offset {row.offset}"
        if len(records) != 1:
            yield f"{place} is {len(records)} times on its topic"
            continue
        (record,) = records
        if record.text("millrace_left_out") is None:
            if (record.key, record.value) != (row.key, row.value):
                yield f"{place} has another key or value on its topic"
            if _own(record.headers) != _own(headers_of(row)):
                yield f"{place} has other headers on its topic: {[name for name, _ in record.headers]}"
        elif len(row.value or b"") + sum(len(value) for value in row.header_values) < 500_000:
            yield f"{place} was small enough to go whole, but: {record.text('millrace_left_out')}"
        why = f"{row.path}: {row.detail}" if row.path else row.detail
        said = record.text("__dlq.errors.message") or ""
        if not said.startswith(why[:200]) or record.text("__dlq.errors.group") != row.worker:
            yield f"{place} does not say whose it is and why: {said}"
    for place, records in announced.items():
        yield f"{len(records)} dead letters of {place} are on the topic and not in the table"
