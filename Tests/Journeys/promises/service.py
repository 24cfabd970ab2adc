"""The service log: what was done to people is in it, once, and told as it is."""

import json
from collections import Counter

from evidence import SERVICE

from promises.shared import promise


@promise("recorded", "every row of a history, and every action, is in the log once or is due once", "service_log")
def recorded_once(evidence):
    history, actions = Counter(), Counter()
    for row in evidence.rows("service_log"):
        if row.version is not None:
            history[int(row.subject), row.version] += 1
        elif row.action is not None:
            actions[row.action] += 1
    for row in evidence.rows("service_due"):
        history.update(list(zip(row.lead_ids, row.lead_versions))[row.taken :])
        actions.update(row.actions[row.taken :])
    erased = {lead for row in evidence.rows("privacy_erasure") for lead in row.leads}
    for row in evidence.rows("lead_history"):
        count = history.pop((row.lead_id, row.version), 0)
        if count != 1 and not (count == 0 and row.lead_id in erased):
            yield f"version {row.version} of lead {row.lead_id} is in the log or due {count} times"
    for row in evidence.rows("service_action"):
        count = actions.pop(row.id, 0)
        if count != 1:
            yield f"action {row.id} is in the log or due {count} times"
    for (lead, version), count in history.items():
        yield f"version {version} of lead {lead} is in the log or due {count} times, and nobody wrote it"
    for action in actions:
        yield f"action {action} is in the log or due, and nobody wrote it"


FIELDS = ("number", "organisation", "what", "subject", "version", "by", "login", "worker", "authority", "outcome",
          "branch", "owner", "detail")  # fmt: skip


@promise("service-told", "every entry has one event, under its subject's key, that says what it says", SERVICE)
def told_once(evidence):
    rows = {row.number: row for row in evidence.rows("service_log")}
    counts = Counter()
    for record in evidence.once(SERVICE):
        data = json.loads(record.value)
        if record.text("ce_type") == "service.day-closed":
            continue
        counts[data["number"]] += 1
        row = rows.get(data["number"])
        if row is None:
            continue
        wrong = [name for name in FIELDS if data.get(name) != getattr(row, name)]
        if wrong or data["day"] != str(row.day):
            yield f"{record.place} differs from entry {row.number} in {', '.join(wrong) or 'its day'}"
        if record.key != row.subject.encode():
            yield f"{record.place} is about {row.subject} under the key {record.key!r}"
    erased = {number for row in evidence.rows("privacy_erasure") for number in row.entries}
    for number, count in counts.items():
        if count != 1 or number not in rows and number not in erased:
            yield f"entry {number} was told {count} times, and {'is' if number in rows else 'is not'} in the log"
    for number in rows:
        if number not in counts:
            yield f"entry {number} was not told"


@promise("days", "a day's marker counts what was told before it, and each closed day has one", SERVICE)
def days_are_counted(evidence):
    """As a reader does it who has nothing but the topic."""
    counted = Counter()
    markers = {}
    for record in evidence.once(SERVICE):
        data = json.loads(record.value)
        day = data["organisation"], data["day"]
        if record.text("ce_type") != "service.day-closed":
            counted[day] += 1
            continue
        if day in markers:
            yield f"{day} was closed twice"
        markers[day] = data["entries"]
    for day, entries in markers.items():
        if counted[day] != entries:
            yield f"{day} was told as {entries} entries, {counted[day]} were told"
    closed = {(row.organisation, str(row.day)): row.entries for row in evidence.rows("service_day")}
    if closed != markers:
        yield f"closed days and markers differ: {sorted(set(closed.items()) ^ set(markers.items()))[:3]}"
