"""A lead's life once it was given to somebody."""

from collections import Counter
from zoneinfo import ZoneInfo

from promises.explained import CoolOffs
from promises.shared import histories_of, is_choice, promise

GIVING = {"allocated", "claimed", "assigned", "transferred", "restored"}


@promise("one-owner", "a lead goes from owner to owner only by what takes it from the one and gives it to the other",
         "lead_history")  # fmt: skip
def owners_follow_each_other(evidence):
    for history in histories_of(evidence).values():
        owner, pooled = None, False
        for row in history:
            place = f"version {row.version} of lead {row.lead_id}"
            if row.what == "claimed" and (owner is not None or not pooled):
                yield f"{place} was claimed, but it was {owner}'s" if owner else f"{place} was claimed out of no pool"
            if row.what in ("allocated", "restored") and owner is not None:
                yield f"{place} was {row.what} to {row.owner_id} while it was {owner}'s"
            if row.what in ("reclaimed", "released") and (owner is None or row.former_owner_id != owner):
                yield f"{place} was {row.what} from {row.former_owner_id}, but it was {owner}'s"
            if row.what in ("contacted", "protected") and row.owner_id != owner:
                yield f"{place} is {row.owner_id}'s contact, but the lead was {owner}'s"
            if row.owner_id is not None and row.owner_id != owner and row.what not in GIVING | {"converted"}:
                yield f"{place}, {row.what}, has the owner {row.owner_id}, before it was {owner}"
            if row.what in GIVING and row.owner_id is None:
                yield f"{place} was {row.what} to nobody"
            owner, pooled = row.owner_id, _is_pooled(row)


def _is_pooled(row):
    # Taken back, it goes to the pool or to allocation, as the policy of then said; its next row shows which.
    return row.what in ("pooled", "released", "reclaimed")


@promise("one-clock", "every owned lead has one clock that runs forward, and no other lead has one", "lead")
def clocks_belong_to_owned_leads(evidence):
    for lead in evidence.rows("lead"):
        clock = lead.protected_since, lead.protected_until
        if lead.state != "owned":
            if clock != (None, None) or lead.check_at is not None:
                yield f"lead {lead.id} is {lead.state} and has a clock: {clock}, {lead.check_at}"
        elif None in clock or lead.protected_until <= lead.protected_since:
            yield f"lead {lead.id} is owned, its clock is {clock}"
        elif lead.check_at is not None and lead.check_at >= lead.protected_until:
            yield f"lead {lead.id} is looked at {lead.check_at}, after its protection ends"
        if (lead.pooled_at is None) == (lead.state == "pooled") or (lead.pool_due_at and lead.state != "pooled"):
            yield f"lead {lead.id} is {lead.state} and in the pool since {lead.pooled_at}"


@promise("cool-off", "nobody is given, or claims, a lead that they lost not long ago", "lead_history")
def losers_cool_off(evidence):
    cooling = CoolOffs(evidence)
    for row in evidence.rows("lead_history"):
        if (is_choice(row) or row.what == "claimed") and row.owner_id in cooling.before(row):
            yield f"lead {row.lead_id} was {row.what} to {row.owner_id} at version {row.version}, who had lost it"


@promise("commands", "every command has one outcome, and it is what happened", "command")
def commands_are_settled(evidence):
    done = Counter((row.event_id, row.what) for row in evidence.rows("lead_history") if row.worker == "reclaim-leads")
    for command in evidence.rows("command"):
        made = {what: count for (event, what), count in done.items() if event == str(command.id)}
        if command.settled_at is None:
            yield f"the command {command.id} to have lead {command.lead_id} {command.what} has no outcome"
        elif sum(made.values()) > 1:
            yield f"the command {command.id} happened {sum(made.values())} times: {made}"
        elif command.outcome in ("claimed", "released", "restored") and command.outcome not in made:
            yield f"the command {command.id} is told to be {command.outcome}, and nothing happened"
        elif made and command.outcome not in DONE:
            yield f"the command {command.id} was declined as {command.outcome}, but the lead was {made}"


DONE = {"claimed", "released", "restored", "contacted", "assigned", "transferred"}


@promise("claims", "the claims that are counted for a day are those of that day", "person")
def claims_are_counted(evidence):
    zones = {branch.id: ZoneInfo(branch.time_zone) for branch in evidence.rows("branch")}
    homes = {person.id: person.branch_id for person in evidence.rows("person")}
    claims = Counter(
        (row.owner_id, row.at.astimezone(zones[homes[row.owner_id]]).date())
        for row in evidence.rows("lead_history") if row.what == "claimed")  # fmt: skip
    for person in evidence.rows("person"):
        if person.claimed_on is not None and person.claimed_today != claims[person.id, person.claimed_on]:
            yield (f"{person.code} claimed {claims[person.id, person.claimed_on]} leads on {person.claimed_on}, "
                   f"{person.claimed_today} are counted")  # fmt: skip


@promise("reminded", "whoever is reminded of a lead's end has the lead, or manages it; nobody is twice for one cause",
         "reminder")  # fmt: skip
def reminders_have_their_cause(evidence):
    leads = {str(lead.id): lead for lead in evidence.rows("lead")}
    for key, count in Counter(row.key for row in evidence.rows("reminder")).items():
        if count > 1:
            yield f"{count} reminders have the cause {key}"
    for row in evidence.rows("reminder"):
        if row.kind != "protection-ends" or row.state != "open":
            continue
        lead = leads[row.subject]
        if lead.state != "owned" or (not row.key.endswith("/manager") and row.assignee_id != lead.owner_id):
            yield f"{row.key} is open for {row.assignee_id}, the lead is {lead.state} by {lead.owner_id}"


@promise("aside", "nothing was put aside by a sweep", "set_aside")
def nothing_is_put_aside(evidence):
    for row in evidence.rows("set_aside"):
        yield f"{row.sweep} put {row.item} aside: {row.reason}, {row.detail}"
