"""Statements that more than one peer uses, and rows for them."""

KNOWN = """
    select identity::text, data from seen_event
    where identity = any(%s::uuid[]) and xmin <> pg_current_xact_id()::xid"""

PEOPLE = """
    update person_load l
    set open_leads = a.open_leads, turn = a.turn, counted_on = a.day, given_today = a.today, given_this_week = a.week,
      allocated = l.allocated + a.allocated
    from unnest(%s::bigint[], %s::int[], %s::bigint[], %s::date[], %s::int[], %s::int[], %s::int[])
      a (person, open_leads, turn, day, today, week, allocated)
    where l.person_id = a.person"""

BRANCHES = """
    update branch_load l set held = a.held, turn = a.turn
    from unnest(%s::bigint[], %s::int[], %s::bigint[]) a (branch, held, turn)
    where l.branch_id = a.branch"""

SNAPSHOT_COLUMNS = """id, branch_id, taken_at, method, turn, people, offsets, open_leads, weights, capacities,
  daily_caps, weekly_caps, given_today, given_this_week, excluded, kept_choices, kept_people"""
SNAPSHOT = f"insert into allocation_snapshot ({SNAPSHOT_COLUMNS}) values ({', '.join(['%s'] * 17)})"

LETTER = """
    insert into dead_letter (worker, topic, partition, "offset", recorded_at, key, value, header_names, header_values,
      source, event_id, path, reason, detail)
    values (%s, %s, %s, %s, to_timestamp(%s / 1000.0), %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

LEAD_COLUMNS = """id, phone, phone_text, region, name, source, product, language, value_amount, value_currency,
  identity, customer_number, customer_id, suggested_customers, importer_id, registered_at, state, branch_id, owner_id,
  held_reason, held_since, held_ruleset, held_step_policy, protected_since, protected_until, check_at, step_due_at, step_remind_at,
  converted_at, version"""
LEAD = f"""
    insert into lead ({LEAD_COLUMNS})
    values ({', '.join(['%s'] * 8)}, %s / 10000.0, {', '.join(['%s'] * 20)}, 1)"""

HISTORY_COLUMNS = """lead_id, version, at, what, branch_id, owner_id, reason, basis, note, ruleset, rule_position,
  snapshot_id, choice, source, event_id, worker"""
HISTORY = f"""
    insert into lead_history ({HISTORY_COLUMNS}) values (%s, 1, {', '.join(['%s'] * 13)}, 'allocate-leads')"""

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
    """The people as the batch found them; nothing where all have what is usual."""
    people = branch.people

    def bounded(bounds, given=None):
        return None if people and all(bound is None for bound in bounds) else given or bounds

    weights = [person.weight for person in people]
    days, weeks = [person.daily_cap for person in people], [person.weekly_cap for person in people]
    excluded = [person.excluded for person in people]
    return (
        branch.snapshot, branch.id, now, branch.method, branch.turn, [person.id for person in people],
        [person.before[0] for person in people], [person.before[1] for person in people],
        None if people and all(weight == 1 for weight in weights) else weights,
        bounded([person.capacity for person in people]), bounded(days), bounded(weeks), bounded(days, [person.before[2] for person in people]),
        bounded(weeks, [person.before[3] for person in people]), excluded if any(excluded) else None,
        [choice for choice, _ in branch.kept] or None, [person for _, person in branch.kept] or None,
    )  # fmt: skip


def lead(lead, now, ruleset, step_policy):
    event = lead.event
    said = event.lead
    state = lead.state
    held = state == "held"
    return (
        lead.id, event.digits, said.phone if event.digits is None else None, event.region, said.name, said.source,
        said.product, said.language, said.amount, said.currency, said.identity, said.number, lead.customer,
        lead.suggested, lead.importer, event.time, state, lead.branch, lead.owner, lead.reason if held else None, now if held else None,
        ruleset if held else None, step_policy if lead.reason == "no-step-policy" else None,
        now if state == "owned" else None, lead.until, lead.check, lead.due, lead.remind,
        now if state == "converted" else None,
    )  # fmt: skip


def history(lead, now, ruleset):
    return (
        lead.id, now, lead.what, lead.branch, lead.owner, lead.reason, lead.basis, lead.note, ruleset, lead.rule,
        lead.snapshot, lead.choice, lead.event.source, lead.event.id,
    )  # fmt: skip


def duplicate(number, event, now):
    return number, now, event.lead.source, event.lead.product, event.source, event.id, event.time
