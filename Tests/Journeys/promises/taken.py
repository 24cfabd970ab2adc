"""What becomes of what was published."""

from collections import Counter, defaultdict

from evidence import ACTIVITY, FROM_OUTSIDE, REGISTERED

from promises.shared import headers_of, promise


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
        elif (row.key, row.value) != (record.key, record.value) or headers_of(row) != record.headers:
            yield f"dead letter {row.id} has other bytes than {record.place}"


def _effects(evidence):
    effects = defaultdict(list)
    for row in evidence.rows("lead_history"):
        if row.source is not None and row.version == 1:
            effects[row.source, row.event_id].append(f"lead {row.lead_id}")
    for row in evidence.rows("lead_duplicate"):
        effects[row.event_source, row.event_id].append(f"a duplicate of lead {row.lead_id}")
    return effects


@promise("one-lead-a-phone", "one phone has one lead", "lead")
def one_lead_a_phone(evidence):
    for phone, count in Counter(lead.phone for lead in evidence.rows("lead") if lead.phone is not None).items():
        if count > 1:
            yield f"phone ending in {phone % 10000:04} has {count} leads"


@promise("positions", "the positions stand at the ends of the topics", "position")
def positions_at_the_end(evidence):
    positions = {(row.topic, row.partition): row for row in evidence.rows("position")}
    last = defaultdict(lambda: -1)
    for record in evidence.records[ACTIVITY]:
        last[record.topic, record.partition] = record.offset
    for (topic, partition), end in evidence.ends.items():
        if topic not in FROM_OUTSIDE:
            continue
        row = positions.get((topic, partition))
        reached = row.next_offset if row else 0
        if topic == ACTIVITY:
            # The relay writes there too, and its markers lie behind the last record.
            end = reached if reached > last[topic, partition] else end
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
