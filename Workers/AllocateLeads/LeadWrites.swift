import Contract
import Customers
import Postgres
import Values

extension LeadChange {
  /// Leads, their history, then branches, people and snapshots: the order of locks.
  static let writes: [Write<Allocation, LeadChange>] = [
    .each(
      \.opened,
      """
      insert into lead (id, phone, phone_text, region, name, source, product, language, value_amount, value_currency,
        identity, customer_number, customer_id, suggested_customers, importer_id, registered_at, state, branch_id,
        owner_id, held_reason, held_since, held_ruleset, held_step_policy, protected_since, protected_until, check_at,
        step_due_at, step_remind_at, converted_at, version, level)
      select id, phone, phone_text, region, name, source, product, language, amount / 10000.0, currency, identity, number,
        customer, suggested::bigint[], importer, registered_at, state, branch, owner,
        case state when 'held' then reason end, case state when 'held' then at end,
        case state when 'held' then ruleset end, case reason when 'no-step-policy' then step_policy end,
        case state when 'owned' then at end, protected_until, check_at, step_due_at, step_remind_at,
        case state when 'converted' then at end, 1, level
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::bigint[], $10::text[], $11::uuid[], $12::text[], $13::bigint[], $14::text[], $15::bigint[],
        $16::timestamptz[], $17::text[], $18::bigint[], $19::bigint[], $20::text[], $21::timestamptz[], $22::int[],
        $23::bigint[], $24::timestamptz[], $25::timestamptz[], $26::timestamptz[], $27::timestamptz[], $28::text[])
        a (id, phone, phone_text, region, name, source, product, language, amount, currency, identity, number, customer,
          suggested, importer, registered_at, state, branch, owner, reason, at, ruleset, step_policy, protected_until,
          check_at, step_due_at, step_remind_at, level)
      """,
      .integer { $0.id }, .integer { $0.phone }, .text { $0.phoneText }, .text { $0.region },
      .text { $0.lead.event.said.name }, .text { $0.lead.event.said.source }, .text { $0.lead.event.said.product },
      .text { $0.lead.event.said.language }, .integer { $0.lead.event.said.value?.tenThousandths },
      .text { $0.lead.event.said.value?.currency }, .fingerprint { $0.identity },
      .text { $0.lead.event.said.customerNumber },
      .integer { $0.customer }, .text { $0.suggested.isEmpty ? nil : ArrayLiteral.integers($0.suggested) },
      .integer { $0.importer }, .timestamp { $0.lead.happened }, .text { $0.state }, .integer { $0.judgement.branch },
      .integer { $0.judgement.owner }, .text { $0.judgement.reason }, .timestamp { $0.judgement.at },
      .small { $0.judgement.ruleset }, .integer { $0.stepPolicy }, .timestamp { $0.protection?.until },
      .timestamp { $0.protection?.checkAt }, .timestamp { $0.step?.due }, .timestamp { $0.step?.remind },
      .text { $0.lead.event.said.level }),
    .each(
      \.moved,
      """
      update lead l
      set state = a.state, branch_id = a.branch, owner_id = a.owner, held_reason = a.reason,
        held_since = case a.state when 'held' then coalesce(l.held_since, a.at) end,
        held_ruleset = case a.state when 'held' then a.ruleset end,
        held_step_policy = case a.reason when 'no-step-policy' then a.step_policy end, held_reminded_at = null,
        protected_since = case a.state when 'owned' then a.at end, protected_until = a.protected_until,
        check_at = a.check_at, step_due_at = a.step_due_at, step_remind_at = a.step_remind_at, step_reminded_at = null,
        version = a.version
      from unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
        $8::int[], $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[])
        a (id, version, state, branch, owner, reason, at, ruleset, step_policy, protected_until, check_at, step_due_at,
          step_remind_at)
      where l.id = a.id and l.state in ('held', 'waiting') and l.version = a.version - 1
      """,
      .integer { $0.id }, .small { $0.judgement.version }, .text { $0.state }, .integer { $0.judgement.branch },
      .integer { $0.judgement.owner }, .text { $0.judgement.reason }, .timestamp { $0.judgement.at },
      .small { $0.judgement.ruleset }, .integer { $0.stepPolicy }, .timestamp { $0.protection?.until },
      .timestamp { $0.protection?.checkAt }, .timestamp { $0.step?.due }, .timestamp { $0.step?.remind }),
    .each(
      \.rejudged,
      """
      update lead l set held_ruleset = a.ruleset,
        held_step_policy = case held_reason when 'no-step-policy' then a.step_policy end
      from unnest($1::bigint[], $2::int[], $3::bigint[]) a (id, ruleset, step_policy)
      where l.id = a.id and l.state = 'held'
      """,
      .integer { $0.lead }, .small { $0.ruleset }, .integer { $0.stepPolicy }),
    .each(
      \.reminded,
      """
      update lead l set step_remind_at = null, step_reminded_at = a.at
      from unnest($1::bigint[], $2::int[], $3::timestamptz[]) a (id, version, at)
      where l.id = a.id and l.state = 'waiting' and l.version = a.version
      """,
      .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }),
    .total(
      { _, changes in changes.compactMap(\.told).flatMap { queue in queue.leads.map { (lead: $0, at: queue.at) } } },
      """
      update lead l set held_reminded_at = a.at from unnest($1::bigint[], $2::timestamptz[]) a (id, at)
      where l.id = a.id and l.state = 'held' and l.held_reminded_at is null
      """,
      .integer { $0.lead }, .timestamp { $0.at }),
    .each(
      \.judgement,
      """
      insert into lead_history (lead_id, version, at, what, branch_id, owner_id, reason, basis, note, ruleset,
        rule_position, snapshot_id, choice, source, event_id, worker)
      select id, version, at, what, branch, owner, reason, basis, note, ruleset, rule, snapshot, choice, source, event,
        'allocate-leads'
      from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
        $8::text[], $9::text[], $10::int[], $11::int[], $12::bigint[], $13::int[], $14::text[], $15::text[])
        a (id, version, at, what, branch, owner, reason, basis, note, ruleset, rule, snapshot, choice, source, event)
      """,
      .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .text { $0.what }, .integer { $0.branch },
      .integer { $0.owner }, .text { $0.reason }, .text { $0.basis }, .text { $0.note }, .small { $0.ruleset },
      .small { $0.rule }, .integer { $0.snapshot }, .small { $0.choice }, .text { $0.source }, .text { $0.event }),
    .each(
      \.duplicate,
      """
      insert into lead_duplicate (lead_id, at, source, product, event_source, event_id, registered_at)
      select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::timestamptz[])
      """,
      .integer { $0.lead }, .timestamp { $0.at }, .text { $0.delivery.event.said.source },
      .text { $0.delivery.event.said.product }, .text { $0.delivery.source }, .text { $0.delivery.id },
      .timestamp { $0.delivery.happened }),
    .total(
      { state, _ in state.branches.values.filter(\.isChanged).sorted { $0.id < $1.id } },
      """
      update branch_load l set held = a.held, turn = a.turn from unnest($1::bigint[], $2::int[], $3::bigint[])
        a (branch, held, turn)
      where l.branch_id = a.branch
      """,
      .integer { $0.id }, .small { $0.held }, .integer { $0.turn + $0.rotation.elapsed }),
    .total(
      { state, _ in state.branches.values.flatMap(\.changedPeople).sorted { $0.person.id < $1.person.id } },
      """
      update person_load l
      set open_leads = a.open_leads, turn = a.turn, counted_on = date '2000-01-01' + a.day, given_today = a.today,
        given_this_week = a.this_week, allocated = l.allocated + a.allocated
      from unnest($1::bigint[], $2::int[], $3::bigint[], $4::int[], $5::int[], $6::int[], $7::int[])
        a (person, open_leads, turn, day, today, this_week, allocated)
      where l.person_id = a.person
      """,
      .integer { $0.person.id }, .small { $0.person.openLeads }, .integer { $0.turn }, .small { $0.day },
      .small { $0.person.givenToday }, .small { $0.person.givenThisWeek }, .small { $0.person.allocated }),
    .total(
      { state, _ in Snapshot.used(state) },
      """
      insert into allocation_snapshot (id, branch_id, taken_at, method, turn, people, offsets, open_leads, weights,
        capacities, daily_caps, weekly_caps, given_today, given_this_week, excluded, kept_choices, kept_people,
        passed_choices, passed_people)
      select id, branch, at, method, turn, people::bigint[], offsets::bigint[], open_leads::int[], weights::int[],
        capacities::int[], daily_caps::int[], weekly_caps::int[], given_today::int[], given_this_week::int[],
        excluded::text[], kept_choices::int[], kept_people::bigint[], passed_choices::int[], passed_people::bigint[]
      from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::bigint[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
        $16::text[], $17::text[], $18::text[], $19::text[])
        a (id, branch, at, method, turn, people, offsets, open_leads, weights, capacities, daily_caps, weekly_caps,
          given_today, given_this_week, excluded, kept_choices, kept_people, passed_choices, passed_people)
      """,
      .integer { $0.branch.snapshot }, .integer { $0.branch.id }, .timestamp { $0.at },
      .text { $0.branch.rotation.method.rawValue }, .integer { $0.branch.turn }, .text { $0.list { $0.id } },
      .text { $0.list { $0.offset } }, .text { $0.list { Int64($0.openLeads) } },
      .text { $0.list(unless: { $0.weight == 1 }) { Int64($0.weight) } },
      .text { $0.list(unless: { $0.capacity == nil }) { $0.capacity.map { Int64($0) } } },
      .text { $0.list(unless: { $0.dailyCap == nil }) { $0.dailyCap.map { Int64($0) } } },
      .text { $0.list(unless: { $0.weeklyCap == nil }) { $0.weeklyCap.map { Int64($0) } } },
      .text { $0.list(unless: { $0.dailyCap == nil }) { Int64($0.givenToday) } },
      .text { $0.list(unless: { $0.weeklyCap == nil }) { Int64($0.givenThisWeek) } }, .text { $0.excluded },
      .text { $0.kept { Int64($0.choice) } }, .text { $0.kept { $0.person } },
      .text { $0.passed { Int64($0.choice) } }, .text { $0.passed { $0.person } }),
  ]
}
