"""Statements that more than one peer uses."""

KNOWN = """
    select identity::text, data from seen_event
    where identity = any(%s::uuid[]) and xmin <> pg_current_xact_id()::xid"""

PEOPLE = """
    update person_load l
    set open_leads = a.open_leads, credit = a.credit, allocated = l.allocated + a.allocated
    from unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) a (person, open_leads, credit, allocated)
    where l.person_id = a.person"""

BRANCHES = """
    update branch_load l set held = a.held from unnest(%s::bigint[], %s::int[]) a (branch, held)
    where l.branch_id = a.branch"""

SNAPSHOT = """
    insert into allocation_snapshot (id, branch_id, taken_at, people, weights, capacities, open_leads, credits,
      excluded)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""

LETTER = """
    insert into dead_letter (worker, topic, partition, "offset", recorded_at, key, value, header_names, header_values,
      source, event_id, path, reason, detail)
    values (%s, %s, %s, %s, to_timestamp(%s / 1000.0), %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

LEAD = """
    insert into lead (id, phone, phone_text, region, name, source, product, registered_at, state, branch_id, owner_id,
      held_reason, held_since, held_ruleset, protected_since, protected_until, version)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)"""

HISTORY = """
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, reason, ruleset, rule_position,
      snapshot_id, choice, source, event_id, worker)
    values (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'allocate-leads')"""

DUPLICATE = """
    insert into lead_duplicate (lead_id, at, source, product, event_source, event_id, registered_at)
    values (%s, %s, %s, %s, %s, %s, %s)"""


def letter(event, worker):
    message = event.message
    headers = message.headers() or []
    return (
        worker, message.topic(), message.partition(), message.offset(), message.timestamp()[1], message.key(),
        message.value(), [name for name, _ in headers], [value for _, value in headers], event.source, event.id,
        *event.refused,
    )  # fmt: skip


def snapshot(branch, now):
    """The people as the batch found them."""
    people = branch.people
    return (
        branch.snapshot, branch.id, now, [person.id for person in people], [person.weight for person in people],
        [-1 if person.capacity is None else person.capacity for person in people],
        [person.before[0] for person in people], [person.before[1] for person in people],
        [person.excluded or "" for person in people],
    )  # fmt: skip


def lead(lead, now, ruleset):
    event = lead.event
    phone, _, name, source, product = event.lead
    owned = lead.owner is not None
    return (
        lead.id, event.digits, phone if event.digits is None else None, event.region, name, source, product, event.time,
        "owned" if owned else "held", lead.branch and lead.branch.id, lead.owner and lead.owner.id, lead.reason,
        None if owned else now, None if owned else ruleset, now if owned else None, lead.until,
    )  # fmt: skip


def history(lead, now, ruleset):
    branch = lead.branch
    return (
        lead.id, now, "held" if lead.owner is None else "allocated", branch and branch.id, lead.owner and lead.owner.id,
        lead.reason, ruleset, lead.rule, branch and branch.snapshot, lead.choice, lead.event.source, lead.event.id,
    )  # fmt: skip


def duplicate(number, event, now):
    _, _, _, source, product = event.lead
    return number, now, source, product, event.source, event.id, event.time
