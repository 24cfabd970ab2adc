"""Campaigns: everybody once, as it is counted, as it is told; and what is over is over."""

import json
from collections import Counter, defaultdict
from datetime import datetime

from evidence import PROGRESS

from promises.shared import promise

OVER = {"finished", "cancelled"}
# What a step leaves a campaign as; `extended` and `settled` leave it what it was.
BECOMES = {
    "defined": "draft", "changed": "draft", "submitted": "submitted", "approved": "approved", "rejected": "rejected",
    "launched": "scheduled", "resumed": "scheduled", "started": "running", "paused": "paused", "cancelled": "cancelled",
    "closed": "closed", "finished": "finished",
}  # fmt: skip


def messages_of(evidence):
    """Those of campaigns, by number."""
    return {row.id: row for row in evidence.rows("message") if row.campaign_id}


def steps_of(evidence):
    steps = defaultdict(list)
    for row in evidence.rows("campaign_step"):
        steps[row.campaign_id].append(row)
    return steps


@promise("campaign-counts", "what is counted of a campaign is what its rows give", "campaign_recipient")
def counts_are_rows(evidence):
    rows = Counter(
        (row.campaign_id, row.variant, row.channel or "", row.state, row.reason or "")
        for row in evidence.rows("campaign_recipient"))  # fmt: skip
    counts = {
        (row.campaign_id, row.variant, row.channel, row.state, row.reason): row.recipients
        for row in evidence.rows("campaign_count") if row.recipients
    }  # fmt: skip
    for place in sorted(rows.keys() | counts.keys()):
        if rows.get(place, 0) != counts.get(place, 0):
            yield f"{place} is counted as {counts.get(place, 0)}, and {rows.get(place, 0)} rows are there"


# Where a recipient stands by their task.
TASKS = {"open": "assigned", "overdue": "overdue", "done": "done", "expired": "expired", "cancelled": "cancelled"}


@promise("campaign-recipients", "a recipient stands where their last message or task does", "campaign_recipient")
def recipients_agree(evidence):
    messages = messages_of(evidence)
    tasks = {(row.campaign_id, row.subject, row.place): row for row in evidence.rows("task")}
    for row in evidence.rows("campaign_recipient"):
        who = f"recipient {row.subject} of campaign {row.campaign_id} is {row.state}"
        task = tasks.pop((row.campaign_id, row.subject, row.place), None)
        if row.channel == "manager" and row.state != "skipped":
            if task is None:
                yield f"{who}, and has no task"
            elif (row.state, row.reason) != (TASKS[task.state], task.outcome):
                yield f"{who} for {row.reason}; the task about them is {task.state} for {task.outcome}"
            continue
        if row.message_id is None:
            if row.state not in ("skipped", "held-out"):
                yield f"{who}, and has no message"
            continue
        message = messages.get(row.message_id)
        if message is None:
            yield f"{who} by message {row.message_id}, which is not there"
        elif (message.campaign_id, message.channel, message.state) != (row.campaign_id, row.channel, row.state):
            yield f"{who} by {row.channel}; their message of campaign {message.campaign_id} is {message.state} by {message.channel}"
    for row in tasks.values():
        if row.state in ("open", "overdue"):
            yield f"a task about {row.subject} of campaign {row.campaign_id} is {row.state}, and is nobody's last channel"


@promise("campaign-once", "nobody has two messages of one campaign by one channel", "message")
def nobody_twice(evidence):
    """The message's name says whose it is, also where nothing else is left of it."""
    had = defaultdict(list)
    for row in messages_of(evidence).values():
        whose = row.event_id.rsplit("/", 1)[0] if row.event_id != "erased" else None
        if whose is not None:
            had[whose, row.channel].append(row.id)
    for (whose, channel), messages in had.items():
        if len(messages) > 1:
            yield f"{whose} has {len(messages)} messages by {channel}: {sorted(messages)[:3]}"
    reached = defaultdict(list)
    for row in messages_of(evidence).values():
        if row.address is not None and row.state in ("accepted", "delivered", "uncertain"):
            reached[row.campaign_id, row.channel, row.address].append(row.id)
    for (campaign, channel, _), messages in reached.items():
        if len(messages) > 1:
            yield f"an address has {len(messages)} messages of campaign {campaign} by {channel}: {sorted(messages)[:3]}"


@promise("campaign-control", "nobody of the control group has a message", "campaign_recipient")
def control_is_left_alone(evidence):
    held = {(row.campaign_id, str(row.subject)) for row in evidence.rows("campaign_recipient") if row.state == "held-out"}
    for row in messages_of(evidence).values():
        campaign, subject, *_ = f"{row.event_id}/".split("/")
        if (row.campaign_id, subject) in held and campaign == str(row.campaign_id):
            yield f"{subject} is of the control group of campaign {campaign}, and has message {row.id}"


@promise("campaign-ends", "what is over is over: nobody open, nothing to send, ended once", "campaign")
def ends_are_ends(evidence):
    under_way, open_rows = Counter(), Counter()
    for row in messages_of(evidence).values():
        under_way[row.campaign_id] += row.state in ("queued", "sending")
    for row in evidence.rows("campaign_recipient"):
        open_rows[row.campaign_id] += row.is_open
    steps = steps_of(evidence)
    for row in evidence.rows("campaign"):
        ends = Counter(step.what for step in steps[row.id] if step.what in ("finished", "settled"))
        never_launched = row.state == "cancelled" and row.launched_at is None
        if row.settled_at is None:
            if ends or row.state == "finished":
                yield f"campaign {row.name} is {row.state} and has ended as {dict(ends)}, and is not settled"
            continue
        if row.state not in OVER:
            yield f"campaign {row.name} is settled and {row.state}"
        if open_rows[row.id]:
            yield f"{open_rows[row.id]} recipients of campaign {row.name} are open, which is {row.state}"
        if under_way[row.id]:
            yield f"{under_way[row.id]} messages of campaign {row.name} are still to be sent, which is {row.state}"
        expected = {} if never_launched else {"finished" if row.state == "finished" else "settled": 1}
        if ends != expected:
            yield f"campaign {row.name}, which is {row.state}, has ended as {dict(ends)}"
        if row.expanded_at is None and not never_launched:
            yield f"campaign {row.name} is {row.state}, and may still be expanded"


def everybody(evidence, filter_text):
    """Whom a filter means, as the journeys use them; None for one that nobody here understands."""
    if filter_text != "level is unknown":
        return None
    return {row.id: row for row in evidence.rows("customer") if row.level is None and row.status == "active"}


@promise("campaign-audience", "an expanded campaign has a row for everybody whom it means, and for nobody else", "campaign")
def audiences_are_whole(evidence):
    there = defaultdict(set)
    for row in evidence.rows("campaign_recipient"):
        there[row.campaign_id].add(row.subject)
    below, parents = defaultdict(set), {row.id: row.parent_id for row in evidence.rows("branch")}
    for branch in evidence.rows("branch"):
        above = branch.id
        while above is not None:
            below[above].add(branch.id)
            above = parents[above]
    people = {row.id: row for row in evidence.rows("person")}
    for row in evidence.rows("campaign"):
        plan = json.loads(row.definition)
        meant = everybody(evidence, plan.get("audience", {}).get("customers"))
        if meant is None or row.expanded_at is None or row.state == "cancelled" or "exclude" in plan or "every" in plan:
            continue
        scope = below[row.branch_id]
        wanted = set()
        for number, customer in meant.items():
            manager = people.get(customer.manager_id)
            branch = customer.branch_id or (manager.branch_id if manager else None)
            if branch in scope:
                wanted.add(number)
        missing, more = wanted - there[row.id], there[row.id] - wanted
        if missing and row.state != "closed":
            yield f"campaign {row.name} has no row for {len(missing)} of {len(wanted)}, such as {min(missing)}"
        if more:
            yield f"campaign {row.name} has {len(more)} rows of people whom it does not mean, such as {min(more)}"


@promise("campaign-steps", "a campaign's steps are counted without a gap, and each begins where the one before it ended", "campaign_step")
def steps_are_a_chain(evidence):
    steps = steps_of(evidence)
    for campaign in evidence.rows("campaign"):
        state = None
        for number, step in enumerate(steps[campaign.id], 1):
            if step.number != number:
                yield f"step {number} of campaign {campaign.name} is numbered {step.number}"
            if step.state_before != state:
                yield f"step {number} of campaign {campaign.name} begins at {step.state_before}, after {state}"
            if step.state != BECOMES.get(step.what, state):
                yield f"step {number} of campaign {campaign.name}, {step.what}, leaves it {step.state}"
            state = step.state
        if state != campaign.state:
            yield f"campaign {campaign.name} is {campaign.state}, and its steps end at {state}"


@promise("campaign-told", "each step of a campaign has one event, in order, that says what its row says", PROGRESS)
def steps_are_told(evidence):
    rows = {(row.campaign_id, row.number): row for row in evidence.rows("campaign_step")}
    campaigns = {row.id: row for row in evidence.rows("campaign")}
    people = {row.id: row.code for row in evidence.rows("person")}
    told, last, where = Counter(), Counter(), {}
    for record in evidence.once(PROGRESS):
        data = json.loads(record.value)
        campaign = data["campaignId"]
        if record.key != str(campaign).encode() or where.setdefault(campaign, record.partition) != record.partition:
            yield f"{record.place} is about campaign {campaign} under the key {record.key!r}, or not where the others are"
        if record.text("ce_type") != "campaign.stepped":
            continue
        number = data["number"]
        told[campaign, number] += 1
        if number <= last[campaign]:
            yield f"{record.place} is step {number} of campaign {campaign}, after step {last[campaign]}"
        last[campaign] = number
        row = rows.get((campaign, number))
        if row is None:
            yield f"{record.place} is step {number} of campaign {campaign}, which nobody took"
            continue
        said = (data["name"], data["step"], data["version"], data.get("before"), data["state"], data.get("by"),
                data.get("note"), datetime.fromisoformat(data["at"]))  # fmt: skip
        is_so = (campaigns[campaign].name, row.what, row.version, row.state_before, row.state, people.get(row.person_id),
                 row.note[:500] if row.note else None, row.at)  # fmt: skip
        if said != is_so:
            yield f"{record.place} says {said}, its row {is_so}"
    for place in rows.keys() - told.keys():
        yield f"step {place[1]} of campaign {place[0]}, {rows[place].what}, was not told"
    for place, count in told.items():
        if count > 1:
            yield f"step {place[1]} of campaign {place[0]} was told {count} times"
