"""Calls: each once, whoever was missed told once, a lead's clock moved once."""

import json
from collections import Counter, defaultdict

from promises.shared import promise

CALLS = "call.events"


def told_of(evidence):
    """What was said of each call, each thing once, whatever id it came under; but what was refused."""
    refused = {(row.partition, row.offset) for row in evidence.rows("dead_letter") if row.topic == CALLS}
    told = defaultdict(set)
    for record in evidence.records[CALLS]:
        kind = record.text("ce_type") or ""
        if kind.startswith("call.") and (record.partition, record.offset) not in refused:
            data = json.loads(record.value)
            told[data["callId"]].add((kind, json.dumps(data, sort_keys=True)))
    return told


@promise("each-call", "each use of a call's id has one row, which knows everything that was told of it, once", "call")
def calls_know_what_was_told(evidence):
    told = told_of(evidence)
    known = defaultdict(list)
    for row in evidence.rows("call"):
        known[row.id] += [line for line in row.facts.split("\n") if line.split("\t")[1] != "x"]
    for call in told.keys() - known.keys():
        yield f"nothing is kept of call {call}, of which {len(told[call])} things were told"
    for call, facts in known.items():
        if len(set(facts)) != len(facts) or sorted(facts, key=lambda line: int(line.split("\t")[0])) != facts:
            yield f"the facts of call {call} are not in order, or not each once"
        if len(facts) != len(told[call]):
            yield f"of call {call} {len(told[call])} things were told, {len(facts)} are known"


@promise("call-clock", "a conversation moves its lead's clock once", "call")
def calls_move_clocks_once(evidence):
    leads = {lead.id: lead for lead in evidence.rows("lead")}
    conversations = Counter(row.lead_id for row in evidence.rows("call") if row.contact == "contacted")
    moved = Counter(row.lead_id for row in evidence.rows("lead_history") if row.worker == "track-calls")
    for lead, count in moved.items():
        if count > conversations[lead]:
            yield f"the clock of lead {lead} was moved {count} times by {conversations[lead]} calls"
    for row in evidence.rows("call"):
        if row.contact == "contacted" and (leads[row.lead_id].contacted_at or row.started_at) < row.answered_at:
            yield f"lead {row.lead_id} does not know of its conversation in call {row.id}"
    causes = Counter(
        (row.source, row.event_id) for row in evidence.rows("lead_history") if row.worker == "track-calls")
    for cause, count in causes.items():
        if count > 1:
            yield f"the event {cause} moved {count} clocks"


@promise("call-back", "who was missed is told of once, until somebody talked to them", "call_back")
def missed_calls_are_told_once(evidence):
    reminders = Counter(row.key for row in evidence.rows("reminder") if row.kind == "call-back")
    is_open = {row.key for row in evidence.rows("reminder") if row.state == "open"}
    rows = {(row.id, row.use): row for row in evidence.rows("call")}
    for row in evidence.rows("call_back"):
        key = f"call/{row.call_id}" if row.use == 1 else f"call#{row.use}/{row.call_id}"
        call = rows[row.call_id, row.use]
        if reminders[key] > 1 or (row.state == "raised" and reminders[key] != 1):
            yield f"{reminders[key]} reminders tell of call {row.call_id}, which is {row.state}"
        if row.state == "settled" and key in is_open:
            yield f"the reminder of call {row.call_id} is open, but it is settled for {row.settled_for}"
        if row.wanted == (call.outcome in ("answered", "automatic", None)):
            yield f"call {row.call_id} was {call.outcome}; wanted back: {row.wanted}"
    backs = {(row.call_id, row.use) for row in evidence.rows("call_back")}
    for place, row in rows.items():
        is_missed = row.direction == "inbound" and row.phone and row.outcome in ("abandoned", "missed", "voicemail")
        if is_missed and place not in backs:
            yield f"nobody knows that call {row.id} was {row.outcome}"
