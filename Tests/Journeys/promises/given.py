"""Who got it."""

from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

from calendars import Calendars
from rotation import Rotation

from promises.shared import choices_of, histories_of, is_choice, promise


@promise("counters", "what is counted is what is there: open leads, allocations, held leads", "person")
def counters_are_right(evidence):
    opened = Counter(lead.owner_id for lead in evidence.rows("lead") if lead.state == "owned")
    given = Counter(row.owner_id for row in evidence.rows("lead_history") if is_choice(row))
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
    for snapshot, choices in choices_of(evidence):
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
    # A lead that was theirs all the time comes back whatever they have meanwhile.
    restored = Counter(row.owner_id for row in evidence.rows("lead_history") if row.what == "restored")
    for person in evidence.rows("person"):
        if person.capacity is not None and person.open_leads > person.capacity + restored[person.id]:
            yield f"{person.code} has {person.open_leads} open leads and takes {person.capacity}"


@promise("available", "nobody inactive, on leave, off work or without weight was chosen", "lead_history")
def only_the_available(evidence):
    people = {person.id: person for person in evidence.rows("person")}
    branches = {branch.id: branch for branch in evidence.rows("branch")}
    calendars = Calendars(evidence)
    for snapshot, choices in choices_of(evidence):
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


@promise("fairness", "while the same people can be chosen by turns, each has their share to within one lead, always",
         "person")  # fmt: skip
def shares_are_fair(evidence):
    """From a branch's first choice on, at every choice, until somebody comes, goes, is full or at a cap."""
    codes = {person.id: person.code for person in evidence.rows("person")}
    given, steady, changed = defaultdict(Counter), {}, set()
    for snapshot, choices in choices_of(evidence):
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
    for history in histories_of(evidence).values():
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
