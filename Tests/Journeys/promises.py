"""The promises, one check each. A check yields a sentence for every breach it finds."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calendars import Calendars
from evidence import OWNERSHIP, PROFILES, REGISTERED
from rotation import Rotation, murmur2

ALL = []


@dataclass
class Promise:
    name: str
    sentence: str
    of: str
    check: callable

    def count(self, evidence):
        size = len(evidence.rows(self.of) if self.of in evidence.tables else evidence.records[self.of])
        return f"{size} of {self.of}"


def promise(name, sentence, of):
    def declare(check):
        ALL.append(Promise(name, sentence, of, check))
        return check

    return declare


# What becomes of what was published


@promise("once", "every event published takes effect once: a lead, a duplicate or a dead letter", REGISTERED)
def every_event_once(evidence):
    """A repeat of what went to the dead letters is a repeat too: there is nothing that it could add."""
    effects = _effects(evidence)
    dead = Counter((row.topic, row.partition, row.offset) for row in evidence.rows("dead_letter"))
    events, buried = defaultdict(list), set()
    for record in evidence.records[REGISTERED]:
        letters = dead[record.topic, record.partition, record.offset]
        if letters > 1:
            yield f"{record.place} has {letters} dead letters"
        if letters:
            buried.add((record.identity(), record.data()))
            continue
        if record.identity() is None:
            yield f"{record.place} has no identity to read, and no dead letter"
            continue
        events[record.identity()].append(record)
    for (source, number), records in events.items():
        effect = effects[source, number]
        if not effect and all((record.identity(), record.data()) in buried for record in records):
            continue
        if len(effect) != 1:
            became = " and ".join(effect) if effect else "nothing at all"
            yield f"{number} of {source}, first at {records[0].place}, became {became}"
        if any(record.data() != records[0].data() for record in records):
            yield f"{number} of {source} came with different data, and no dead letter says so"


@promise("nothing-made-up", "every lead, duplicate and dead letter comes from an event that was published", REGISTERED)
def nothing_made_up(evidence):
    published = {record.identity() for record in evidence.records[REGISTERED]}
    for (source, number), effect in _effects(evidence).items():
        if (source, number) not in published:
            yield f"{' and '.join(effect)} comes from {number} of {source}, which nobody published"
    opened = {row.lead_id for row in evidence.rows("lead_history") if row.version == 1}
    for lead in evidence.rows("lead"):
        if lead.id not in opened:
            yield f"lead {lead.id} has no history"
    there = {(record.topic, record.partition, record.offset): record for record in evidence.records[REGISTERED]}
    for row in evidence.rows("dead_letter"):
        if row.topic != REGISTERED:
            continue
        record = there.get((row.topic, row.partition, row.offset))
        if record is None:
            yield f"dead letter {row.id} is of {row.topic}/{row.partition} at offset {row.offset}, which is not there"
        elif (row.key, row.value) != (record.key, record.value) or _headers(row) != record.headers:
            yield f"dead letter {row.id} has other bytes than {record.place}"


def _effects(evidence):
    effects = defaultdict(list)
    for row in evidence.rows("lead_history"):
        if row.source is not None and row.version == 1:
            effects[row.source, row.event_id].append(f"lead {row.lead_id}")
    for row in evidence.rows("lead_duplicate"):
        effects[row.event_source, row.event_id].append(f"a duplicate of lead {row.lead_id}")
    return effects


def _headers(row):
    return list(zip(row.header_names, row.header_values))


@promise("one-lead-a-phone", "one phone has one lead", "lead")
def one_lead_a_phone(evidence):
    for phone, count in Counter(lead.phone for lead in evidence.rows("lead") if lead.phone is not None).items():
        if count > 1:
            yield f"phone ending in {phone % 10000:04} has {count} leads"


@promise("positions", "the positions stand at the ends of the topics", "position")
def positions_at_the_end(evidence):
    positions = {(row.topic, row.partition): row for row in evidence.rows("position")}
    for (topic, partition), end in evidence.ends.items():
        if topic not in (REGISTERED, PROFILES):
            continue
        row = positions.get((topic, partition))
        reached = row.next_offset if row else 0
        if reached != end:
            stopped = f", stopped: {row.stopped_detail}" if row and row.stopped_rule else ""
            yield f"{topic}/{partition} ends at {end}, its position is {reached}{stopped}"
        elif row and row.highest_offset != row.next_offset:
            yield f"{topic}/{partition} went back from {row.highest_offset} to {row.next_offset}"


@promise("no-ghosts", "only who has a partition moves its position, from where it stood", "position_witness")
def no_ghosts(evidence):
    """A session that once took the partition as somebody else has lost it, whatever it still believes."""
    taken = {}
    stands = {}
    for row in evidence.rows("position_witness"):
        place = row.topic, row.partition
        if row.owner is not None and row.owner != row.owner_before:
            taken[row.session, place] = row.owner
        if row.next_before != stands.get(place, row.next_before):
            yield f"{row.topic}/{row.partition} moved from {row.next_before}, but stood at {stands[place]}"
        stands[place] = row.next_offset
        if row.next_offset == row.next_before:
            continue
        if row.next_offset < row.next_before:
            yield f"{row.topic}/{row.partition} was moved back from {row.next_before} to {row.next_offset}"
        believed = taken.get((row.session, place), row.owner)
        if believed != row.owner:
            yield (f"{row.topic}/{row.partition} was moved from {row.next_before} to {row.next_offset} by a lane that "
                   "had lost it")  # fmt: skip


# What is emitted


@promise("history", "every lead's history counts 1, 2, 3 … and ends in what the lead is", "lead_history")
def history_is_whole(evidence):
    histories = _histories(evidence)
    for lead in evidence.rows("lead"):
        history = histories.get(lead.id, [])
        versions = [row.version for row in history]
        if versions != list(range(1, lead.version + 1)):
            yield f"lead {lead.id} is at version {lead.version}, its history has {versions}"
            continue
        last = history[-1]
        state = STATES.get(last.what, last.what)
        if (lead.state, lead.branch_id, lead.owner_id) != (state, last.branch_id, last.owner_id):
            yield f"lead {lead.id} is {lead.state} at {lead.branch_id} by {lead.owner_id}, its history ends otherwise"
        if any(row.at > later.at for row, later in zip(history, history[1:])):
            yield f"lead {lead.id} has a history that goes back in time"


# What a row of a history leaves a lead as; other words are states themselves.
STATES = {
    "allocated": "owned", "claimed": "owned", "assigned": "owned", "transferred": "owned", "restored": "owned",
    "contacted": "owned", "reclaimed": "pooled", "released": "pooled",
}  # fmt: skip
TYPES = {"waiting": "lead.passed"}
# Workers whose choices and words are judged here in full.
OURS = {"allocate-leads", "keep-customers"}


def _histories(evidence):
    histories = defaultdict(list)
    for row in evidence.rows("lead_history"):
        histories[row.lead_id].append(row)
    return histories


@promise("announced", "every row of a history has one lead.ownership event, and no event is without a row", OWNERSHIP)
def announced_once(evidence):
    events = Counter(_version(record) for record in evidence.once(OWNERSHIP))
    refused = _refused(evidence, OWNERSHIP)
    for row in evidence.rows("lead_history"):
        count = events.pop((row.lead_id, row.version), 0) + refused.pop((row.lead_id, row.version), 0)
        if count != 1:
            yield f"version {row.version} of lead {row.lead_id} has {count} events"
    for (lead, version), count in events.items():
        yield f"version {version} of lead {lead} has {count} events and no row"


def _version(record):
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
            if record.mark() is None and topic not in (REGISTERED, PROFILES):
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
        lead, version = _version(record)
        if record.key != str(lead).encode():
            yield f"{record.place} is about lead {lead} under the key {record.key!r}"
        elif record.partition != (murmur2(record.key) & 0x7FFFFFFF) % partitions:
            yield f"{record.place} is not where Java's producer would put the key {lead}"
        if where.setdefault(lead, record.partition) != record.partition:
            yield f"lead {lead} has events in the partitions {where[lead]} and {record.partition}"
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
    for record in evidence.once(OWNERSHIP):
        data = json.loads(record.value)
        row = rows.get((data["leadId"], data["version"]))
        if row is None:
            continue
        if row.worker not in OURS:
            continue
        expected = {
            "type": TYPES.get(row.what, f"lead.{row.what}"), "branch": branches.get(row.branch_id),
            "owner": people.get(row.owner_id), "reason": row.reason if row.what == "held" else None,
            "by": row.reason if row.what == "converted" else None, "region": leads[row.lead_id].region, "at": row.at,
        }  # fmt: skip
        said = {"type": record.text("ce_type"), "at": datetime.fromisoformat(data["at"])}
        said |= {name: data.get(name) for name in ("branch", "owner", "reason", "by", "region")}
        if row.what == "converted":
            expected["customer"], said["customer"] = customers.get(leads[row.lead_id].customer_id), data["customer"]
        if row.what == "waiting" and leads[row.lead_id].version == row.version:
            expected["due"], said["due"] = leads[row.lead_id].step_due_at, datetime.fromisoformat(data["dueAt"])
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
            if _own(record.headers) != _own(_headers(row)):
                yield f"{place} has other headers on its topic: {[name for name, _ in record.headers]}"
        elif len(row.value or b"") + sum(len(value) for value in row.header_values) < 500_000:
            yield f"{place} was small enough to go whole, but: {record.text('millrace_left_out')}"
        why = f"{row.path}: {row.detail}" if row.path else row.detail
        said = record.text("__dlq.errors.message") or ""
        if not said.startswith(why[:200]) or record.text("__dlq.errors.group") != row.worker:
            yield f"{place} does not say whose it is and why: {said}"
    for place, records in announced.items():
        yield f"{len(records)} dead letters of {place} are on the topic and not in the table"


# Who got it


@promise("counters", "what is counted is what is there: open leads, allocations, held leads", "person")
def counters_are_right(evidence):
    opened = Counter(lead.owner_id for lead in evidence.rows("lead") if lead.state == "owned")
    given = Counter(row.owner_id for row in evidence.rows("lead_history") if _is_choice(row))
    held = Counter(lead.branch_id for lead in evidence.rows("lead") if lead.state == "held")
    for person in evidence.rows("person"):
        if person.open_leads != opened[person.id]:
            yield f"{person.code} has {opened[person.id]} open leads, {person.open_leads} are counted"
        if person.allocated != given[person.id]:
            yield f"{person.code} was given {given[person.id]} leads, {person.allocated} are counted"
    for branch in evidence.rows("branch"):
        if branch.held != held[branch.id]:
            yield f"{branch.code} has {held[branch.id]} held leads, {branch.held} are counted"


@promise("capacity", "nobody ever had more open leads, or was given more in a day or week, than they take",
         "allocation_snapshot")  # fmt: skip
def capacity_is_kept(evidence):
    given = defaultdict(list)
    zones = {branch.id: ZoneInfo(branch.time_zone) for branch in evidence.rows("branch")}
    for snapshot, choices in _choices(evidence):
        state = Rotation(snapshot)
        today = snapshot.taken_at.astimezone(zones[snapshot.branch_id]).date()
        for row in choices:
            person = row.owner_id
            if person not in state.open:
                yield f"lead {row.lead_id} was given to person {person}, who is not of branch {snapshot.branch_id}"
                continue
            given[person].append(today)
            state.open[person] += 1
            (_, capacity, _), (_, daily, _), (_, weekly, _) = state.bounds
            counts = {
                "open leads": (state.open[person], capacity[person]),
                "leads of a day": (given[person].count(today), daily[person]),
                "leads of a week": (
                    sum(day.isocalendar()[:2] == today.isocalendar()[:2] for day in given[person]), weekly[person]),
            }  # fmt: skip
            for what, (count, bound) in counts.items():
                if bound is not None and count > bound:
                    yield f"lead {row.lead_id} made {count} {what} for person {person}, who takes {bound}"
    for person in evidence.rows("person"):
        if person.capacity is not None and person.open_leads > person.capacity:
            yield f"{person.code} has {person.open_leads} open leads and takes {person.capacity}"


@promise("available", "nobody inactive, on leave, off work or without weight was chosen", "lead_history")
def only_the_available(evidence):
    people = {person.id: person for person in evidence.rows("person")}
    branches = {branch.id: branch for branch in evidence.rows("branch")}
    calendars = Calendars(evidence)
    for snapshot, choices in _choices(evidence):
        excluded = dict(zip(snapshot.people, snapshot.excluded or []))
        branch = branches[snapshot.branch_id]
        for row in choices:
            person = people[row.owner_id]
            fact = excluded.get(row.owner_id)
            kept = row.basis == "importer"
            if fact and not (kept and fact not in ("inactive", "on-leave")):
                yield f"lead {row.lead_id} went to {person.code}, who was {excluded[row.owner_id]}"
            off = calendars.obstacle(person.calendar_id or branch.calendar_id, branch.time_zone, row.at)
            if off and not kept:
                yield f"lead {row.lead_id} went to {person.code} at {row.at}: {off}"
            began = person.leave_from is None or person.leave_from <= row.at
            ended = person.leave_until is not None and person.leave_until <= row.at
            if (person.leave_from or person.leave_until) and began and not ended:
                yield f"lead {row.lead_id} went to {person.code}, who is on leave"
            if not person.active or (person.weight == 0 and not kept) or person.branch_id != row.branch_id:
                yield f"lead {row.lead_id} went to {person.code}, who takes none there"


def _is_choice(row):
    return row.what == "allocated" and row.worker == "allocate-leads"


def _choices(evidence):
    """Each snapshot with the leads that were given away from it, in the order of the choices."""
    made = defaultdict(list)
    for row in evidence.rows("lead_history"):
        if _is_choice(row):
            made[row.snapshot_id].append(row)
    for snapshot in evidence.rows("allocation_snapshot"):
        yield snapshot, sorted(made[snapshot.id], key=lambda row: row.choice)


@promise("explainable", "every choice can be made again from what was kept: same people, same facts, same choice",
         "allocation_snapshot")  # fmt: skip
def choices_can_be_made_again(evidence):
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    held = defaultdict(list)
    snapshots = {snapshot.id for snapshot in evidence.rows("allocation_snapshot")}
    for row in evidence.rows("lead_history"):
        if row.snapshot_id is not None and row.snapshot_id not in snapshots:
            yield f"version {row.version} of lead {row.lead_id} names snapshot {row.snapshot_id}, which is not there"
        if _is_choice(row) and row.snapshot_id is None:
            yield f"version {row.version} of lead {row.lead_id} was given away from no snapshot"
        if row.what == "held" and row.snapshot_id is not None:
            held[row.snapshot_id, row.choice].append(row)
    # Whose open leads others change as well.
    disturbed = {row.former_owner_id for row in evidence.rows("lead_history")}
    disturbed |= {row.owner_id for row in evidence.rows("lead_history") if row.worker != "allocate-leads"}
    kept = defaultdict(dict)
    cooling = CoolOffs(evidence)
    turns = defaultdict(int)
    catch_up = {branch.id: branch.catch_up for branch in evidence.rows("branch")}
    for snapshot, choices in _choices(evidence):
        number, code = snapshot.branch_id, branches[snapshot.branch_id]
        rotation = Rotation(snapshot)
        found = dict(rotation.offset)
        if snapshot.turn != turns[number]:
            yield f"{code}: snapshot {snapshot.id} begins at turn {snapshot.turn}, it was left at {turns[number]}"
        moved = set()
        for person in rotation.people:
            opened, turn = kept[number].get(person, (None, None))
            if opened is not None and opened != rotation.open[person] and person not in disturbed:
                yield (f"{code}: snapshot {snapshot.id} has {rotation.open[person]} open leads for person {person}, the "
                       f"choices before it left {opened}")  # fmt: skip
            owed = -(1 + catch_up[number]) * rotation.stride(person)
            expected = 0 if turn is None else max(turn - snapshot.turn, owed)
            if turn is None or turn - snapshot.turn < owed:
                moved.add(person)
            if found[person] != expected:
                yield f"{code}: snapshot {snapshot.id} has person {person} at {found[person]}, it was {expected}"
        if [row.choice for row in choices] != list(range(len(choices))):
            yield f"{code}: the choices of snapshot {snapshot.id} are counted {[row.choice for row in choices][:20]}"
            continue
        taking_part = set(rotation.eligible())
        keeping = dict(zip(snapshot.kept_choices or [], snapshot.kept_people or []))
        passed = defaultdict(set)
        for choice, person in zip(snapshot.passed_choices or [], snapshot.passed_people or []):
            passed[choice].add(person)
        for choice in range(len(choices) + 1):
            for row in held[snapshot.id, choice]:
                want = rotation.want(cooling.before(row))
                if row.reason not in NOT_ABOUT_PEOPLE and row.reason != want:
                    yield f"lead {row.lead_id} is held at {code} as {row.reason}, but it was {want or 'free'}"
            if choice < len(choices):
                importer = keeping.get(choice)
                if (importer is not None) != (choices[choice].basis == "importer"):
                    yield f"lead {choices[choice].lead_id} and snapshot {snapshot.id} disagree whether it was kept"
                away = cooling.before(choices[choice]) & set(rotation.eligible())
                if passed[choice] != away:
                    yield f"lead {choices[choice].lead_id} passed over {passed[choice]}, who cool off are {away}"
                chosen = rotation.choose(passed[choice]) if importer is None else rotation.keep(importer)
                if chosen != choices[choice].owner_id:
                    yield f"lead {choices[choice].lead_id} went to {choices[choice].owner_id}, it was {chosen}'s turn"
        for person in rotation.people:
            opened, turn = kept[number].get(person, (None, None))
            by_turns = rotation.method == "round-robin"
            touched = rotation.offset[person] != found[person] or person in keeping.values()
            if touched or (by_turns and rotation.choices and person in moved & taking_part):
                latest = rotation.offset[person] if by_turns else rotation.elapsed + rotation.stride(person)
                turn = snapshot.turn + min(rotation.offset[person], latest)
            kept[number][person] = rotation.open[person], turn
        turns[number] += rotation.elapsed
    for branch in evidence.rows("branch"):
        if branch.turn != turns[branch.id]:
            yield f"{branch.code} is at turn {branch.turn}, the last choices left it at {turns[branch.id]}"
    for person in evidence.rows("person"):
        left = kept[person.branch_id].get(person.id)
        if left is not None and person.id in disturbed:
            left = person.open_leads, left[1]
        if left is not None and left != (person.open_leads, person.turn):
            yield f"{person.code} has {(person.open_leads, person.turn)} (open, turn), the last choices left {left}"


class CoolOffs:
    """Former owners who shall not have a lead again for so many days, by the policy of the branch or the nearest above."""

    def __init__(self, evidence):
        self.histories = _histories(evidence)
        self.parents = {branch.id: branch.parent_id for branch in evidence.rows("branch")}
        self.homes = {person.id: person.branch_id for person in evidence.rows("person")}
        self.days = {policy.branch_id: policy.cool_off_days for policy in evidence.rows("pool_policy")}

    def before(self, row):
        """Who cools off for the row's lead as it was given away or held."""
        return {
            former.former_owner_id for former in self.histories[row.lead_id]
            if former.version < row.version and former.former_owner_id is not None and self._is_loss(former)
            and former.at + timedelta(days=self._days(row.branch_id or self.homes[former.former_owner_id])) > row.at
        }  # fmt: skip

    @staticmethod
    def _is_loss(row):
        by_a_manager = row.what in ("held", "waiting") and row.reason in ("assigned", "transferred")
        return row.what in ("reclaimed", "released") or by_a_manager

    def _days(self, branch):
        while branch is not None and branch not in self.days:
            branch = self.parents[branch]
        return self.days.get(branch, 30)


@promise("cool-off", "nobody is given, or claims, a lead that they lost not long ago", "lead_history")
def losers_cool_off(evidence):
    cooling = CoolOffs(evidence)
    for row in evidence.rows("lead_history"):
        if (_is_choice(row) or row.what == "claimed") and row.owner_id in cooling.before(row):
            yield f"lead {row.lead_id} was {row.what} to {row.owner_id} at version {row.version}, who had lost it"


# Reasons for which a lead is held whoever is there.
NOT_ABOUT_PEOPLE = {"behind-held"}


@promise("rules", "the branch is that of the source's policy, else of the first valid rule that matches", "lead_history")
def first_rule_that_matches(evidence):
    rules = defaultdict(list)
    for rule in evidence.rows("allocation_rule"):
        rules[rule.ruleset].append(rule)
    leads = {lead.id: lead for lead in evidence.rows("lead")}
    sources = {source.code: source for source in evidence.rows("lead_source")}
    people = {person.id: person for person in evidence.rows("person")}
    for row in evidence.rows("lead_history"):
        lead = leads[row.lead_id]
        if row.version != 1 or lead.phone is None or row.what == "converted" or row.reason == "keys-disagree":
            continue
        source = sources.get(lead.source)
        importer = people.get(lead.importer_id)
        rule = None
        if source and source.kind == "institution":
            expected = "institution", source.branch_id
        elif source and source.kind == "import" and source.keeps != "nothing" and importer:
            bases = ["importer-branch", "importer"][: 1 + (source.keeps == "person")]
            expected = row.basis if row.basis in bases else bases[0], importer.branch_id
            if row.basis == "importer" and row.owner_id != importer.id:
                yield f"lead {lead.id} is kept by {row.owner_id}, its importer is {importer.id}"
            if source.keeps == "person" and row.basis != "importer" and not (row.note or "").startswith("importer-"):
                yield f"lead {lead.id} was not kept by its importer, and nothing says why"
        else:
            rule = next((rule for rule in rules[row.ruleset] if _matches(rule, lead, row.at)), None)
            expected = None, rule.branch_id if rule else None
            if rule and rule.how == "steps" and row.what != "waiting" and row.reason != "no-step-policy":
                yield f"lead {lead.id} is {row.what}, rule {rule.position} lets it be passed down"
            if row.reason == "no-step-policy":
                expected = None, None
        if (rule and rule.position, *expected) != (row.rule_position, row.basis, row.branch_id):
            yield (f"lead {lead.id} of {lead.region} went by rule {row.rule_position} ({row.basis}) to branch "
                   f"{row.branch_id}; it should by {rule and rule.position}, {expected}")  # fmt: skip


def _matches(rule, lead, at):
    if not ((rule.valid_from is None or rule.valid_from <= at) and (rule.valid_until is None or at < rule.valid_until)):
        return False
    if rule.region is not None and lead.region != rule.region:
        inside = (rule.region + "/", rule.region + "-") if "-" not in rule.region else (rule.region + "/",)
        if not (lead.region or "").startswith(inside):
            return False
    if rule.currency is not None:
        if lead.value_currency != rule.currency:
            return False
        if rule.value_from is not None and lead.value_amount < rule.value_from:
            return False
        if rule.value_below is not None and lead.value_amount >= rule.value_below:
            return False
    return (
        rule.source in (None, lead.source) and rule.product in (None, lead.product)
        and rule.language in (None, lead.language)
    )  # fmt: skip


@promise("converted", "who is a customer by ID or customer number is converted, once; keys that disagree are held", "lead")
def customers_are_converted_once(evidence):
    by = {"identity": defaultdict(list), "number": defaultdict(list)}
    for customer in evidence.rows("customer"):
        if customer.status in ("active", "dormant"):
            by["identity"][customer.identity].append(customer)
            by["number"][customer.number].append(customer)
    converted = Counter(row.lead_id for row in evidence.rows("lead_history") if row.what == "converted")
    for lead in evidence.rows("lead"):
        identity = by["identity"][lead.identity] if lead.identity else []
        number = by["number"][lead.customer_number] if lead.customer_number else []
        named = {customer.id for customer in identity + number}
        agreed = {customer.id for customer in identity if not number or customer in number} or (
            {customer.id for customer in number if not (lead.identity and customer.identity)} if not identity else set()
        )
        if converted[lead.id] != (lead.state == "converted"):
            yield f"lead {lead.id} is {lead.state} and was converted {converted[lead.id]} times"
        if lead.state != "converted" and len(agreed) == 1 and lead.state != "closed":
            yield f"lead {lead.id} is {lead.state}, its keys name customer {agreed.pop()}"
        if lead.state == "converted" and named and lead.customer_id not in named:
            yield f"lead {lead.id} is converted to customer {lead.customer_id}, its keys name {named}"
        if lead.held_reason == "keys-disagree" and not lead.suggested_customers:
            yield f"lead {lead.id} is held for keys that disagree, and names no customers"


@promise("fairness", "while the same people can be chosen by turns, each has their share to within one lead, always",
         "person")  # fmt: skip
def shares_are_fair(evidence):
    """From a branch's first choice on, at every choice, until somebody comes, goes, is full or at a cap."""
    codes = {person.id: person.code for person in evidence.rows("person")}
    given, steady, changed = defaultdict(Counter), {}, set()
    for snapshot, choices in _choices(evidence):
        branch, state = snapshot.branch_id, Rotation(snapshot)
        for row in choices:
            weights = {person: state.weight[person] for person in state.eligible()}
            if row.basis == "importer":
                for counts in (state.open, state.today, state.week):
                    counts[row.owner_id] += 1
                continue
            if snapshot.method != "round-robin" or snapshot.passed_choices or steady.setdefault(branch, weights) != weights:
                changed.add(branch)
            for counts in (state.open, state.today, state.week):
                counts[row.owner_id] += 1
            given[branch][row.owner_id] += 1
            total, sum_of_weights = given[branch].total(), sum(weights.values())
            for person, weight in weights.items() if branch not in changed else ():
                if abs(given[branch][person] * sum_of_weights - total * weight) >= sum_of_weights > weight:
                    yield (f"{codes[person]} has {given[branch][person]} of {total} leads, the share is "
                           f"{total * weight / sum_of_weights:.1f}")  # fmt: skip


@promise("oldest-first", "who waits is served before who comes later, the longest waiting first", "lead_history")
def nobody_is_overtaken(evidence):
    waits = defaultdict(list)
    for history in _histories(evidence).values():
        for row, later in zip(history, [*history[1:], None]):
            if row.what == "held" and row.branch_id is not None:
                # Who turns out to be a customer waits no more, and nobody was served before.
                is_served = later is not None and later.what == "allocated"
                waits[row.branch_id].append((row.at, later.at if later else None, row, is_served))
    for row in evidence.rows("lead_history"):
        if row.what == "allocated" and row.version == 1 and row.basis != "importer":
            for began, ended, waiting, _ in waits[row.branch_id]:
                if began < row.at and (ended is None or ended > row.at):
                    yield f"lead {row.lead_id} was given away at once while lead {waiting.lead_id} waited at the branch"
                    break
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    for branch, periods in waits.items():
        # Who came from elsewhere has waited longer than here.
        served = [period for period in periods if period[3] and period[2].version == 1]
        latest, last = None, None
        for began, ended, row, _ in sorted(served, key=lambda period: (period[1], period[0])):
            if latest is not None and began < latest and ended > last:
                yield f"at {branches[branch]} lead {row.lead_id}, held since {began}, was served after a younger one"
            if latest is None or began > latest:
                latest, last = began, ended


# Customers


def _told(evidence):
    """By customer, the profiles that were published and not refused, by version; None is a removal."""
    dead = {(row.topic, row.partition, row.offset) for row in evidence.rows("dead_letter")}
    told = defaultdict(dict)
    for record in evidence.records[PROFILES]:
        if (record.topic, record.partition, record.offset) in dead:
            continue
        data = json.loads(record.value)
        removed = record.text("ce_type") == "customer.removed"
        told[data["customerId"]][data["version"]] = None if removed else data
    return told


@promise("newest-profile", "every customer is as the highest version of their profile has them", "customer")
def customers_are_as_told(evidence):
    rows = {row.code: row for row in evidence.rows("customer")}
    told = _told(evidence)
    for code in rows.keys() - told.keys():
        # Numbers below a thousand are never handed out: those customers were there before.
        if rows[code].id >= 1000:
            yield f"customer {code} was told by nobody"
    branches = {branch.id: branch.code for branch in evidence.rows("branch")}
    people = {person.id: person.code for person in evidence.rows("person")}
    for code, versions in told.items():
        row = rows.get(code)
        if row is None:
            yield f"customer {code} is not there"
            continue
        version = max(versions)
        data = versions[version]
        is_said = {"version": version, "status": "removed" if data is None else data.get("status", "active")}
        data = data or {}
        consents = {(each["channel"], each["purpose"]): each["given"] for each in data.get("consents", [])}
        slots = [(c, p) for c in ("sms", "email", "fax", "call") for p in ("transactional", "service", "marketing")]
        is_said |= {
            "number": data.get("number"), "name": data.get("name"), "tags": data.get("tags", []),
            "phones": list(dict.fromkeys(int("86" + each["number"]) for each in data.get("phones", []))),
            "branch": data.get("branch"), "manager": data.get("manager"),
            "consented": sum(1 << place for place, slot in enumerate(slots) if consents.get(slot) is True),
            "refused": sum(1 << place for place, slot in enumerate(slots) if consents.get(slot) is False),
        }  # fmt: skip
        is_kept = {name: getattr(row, name) for name in is_said if name not in ("branch", "manager")}
        is_kept["branch"] = branches.get(row.branch_id) or row.unknown_branch
        is_kept["manager"] = people.get(row.manager_id) or row.unknown_manager
        wrong = [name for name in is_said if is_said[name] != is_kept[name]]
        if wrong or (row.identity is None) != ("idNumber" not in data):
            yield f"customer {code} at version {row.version} differs from version {version} as told in {', '.join(wrong)}"


@promise("converted-once", "a lead that is a customer by ID number or customer number is converted, once, to that one", "lead")
def leads_are_converted(evidence):
    codes = {row.id: row.code for row in evidence.rows("customer")}
    now, ever = defaultdict(set), defaultdict(set)
    for code, versions in _told(evidence).items():
        for version, data in versions.items():
            for key in (("idNumber", (data or {}).get("idNumber")), ("number", (data or {}).get("number"))):
                ever[key].add(code)
                if version == max(versions) and data is not None and data.get("status") != "closed":
                    now[key].add(code)
    registrations = {
        record.identity(): record.value for record in evidence.records[REGISTERED] if record.identity() is not None}
    histories = _histories(evidence)
    for lead in evidence.rows("lead"):
        history = histories[lead.id]
        conversions = [row for row in history if row.what == "converted"]
        if len(conversions) > 1:
            yield f"lead {lead.id} was converted {len(conversions)} times"
        value = registrations.get((history[0].source, history[0].event_id)) if history else None
        if value is None or (lead.customer_id or 1000) < 1000:
            continue
        envelope = json.loads(value)
        data = envelope["data"] if "specversion" in envelope else envelope
        keys = [("idNumber", data.get("idNumber")), ("number", data.get("customerNumber"))]
        keys = [key for key in keys if key[1] is not None]
        named = [now[key] for key in keys if now[key]]
        if named and all(each == named[0] and len(each) == 1 for each in named):
            if lead.state != "converted":
                yield f"lead {lead.id} is {lead.state}, but it is the customer {next(iter(named[0]))}"
            elif {codes.get(lead.customer_id)} != named[0]:
                yield f"lead {lead.id} was converted to {codes.get(lead.customer_id)}, but it is {named[0]}"
        elif lead.state == "converted" and not any(codes.get(lead.customer_id) in ever[key] for key in keys):
            yield f"lead {lead.id} was converted to {codes.get(lead.customer_id)}, who has no key of it"
