import Contract
import Postgres
import Topics
import Values

/// What one decision writes. Its rows are classes: each is looked at once for every column.
package enum LeadChange: Sendable {
  case opened(OpenedLead)
  case duplicate(DuplicateLead)
  /// A held lead that has an owner now.
  case placed(PlacedLead)
  /// A held lead for which newer rules have no branch either.
  case rejudged(lead: Int64, ruleset: Int32)
  /// A held lead for which newer rules have a branch: it waits there.
  case routed(RoutedLead)
}

package final class OpenedLead: Sendable {
  let id: Int64
  let phone: Int64?
  let phoneText: String?
  let region: String?
  let name: String?
  let source: String
  let product: String?
  let registered: Timestamp
  let protectedUntil: Timestamp?
  let judgement: Judgement

  init(
    _ lead: Delivery<LeadRegistered>, _ id: Int64, _ registration: Registration, protectedUntil: Timestamp?,
    _ judgement: Judgement
  ) {
    self.id = id
    phone = registration.phone?.digits
    phoneText = registration.phone == nil ? lead.event.phone : nil
    region = registration.regionName
    name = lead.event.name
    source = lead.event.source
    product = lead.event.product
    registered = lead.happened
    self.protectedUntil = protectedUntil
    self.judgement = judgement
  }
}

package struct PlacedLead {
  let protectedUntil: Timestamp
  let judgement: Judgement
}

package struct RoutedLead {
  let lead: Int64
  let version: Int32
  let judgement: Judgement
}

package struct DuplicateLead {
  let lead: Int64
  let at: Timestamp
  let delivery: Delivery<LeadRegistered>

  init(_ lead: Int64, _ delivery: Delivery<LeadRegistered>, _ now: Timestamp) {
    self.lead = lead
    self.delivery = delivery
    at = now
  }
}

/// A row of a lead's history: what was decided, by which rule, and from which people.
final class Judgement: Sendable {
  let lead: Int64
  let version: Int32
  let at: Timestamp
  let branch: Int64?
  let owner: Int64?
  let reason: String?
  let ruleset: Int32
  let rule: Int32?
  let snapshot: Int64?
  let choice: Int32?
  let source: String?
  let event: String?

  init(
    _ placement: Allocation.Placement, _ lead: Int64, _ version: Int32, _ now: Timestamp, ruleset: Int32, rule: Int32?,
    source: String? = nil, event: String? = nil
  ) {
    self.lead = lead
    self.version = version
    at = now
    self.ruleset = ruleset
    self.rule = rule
    self.source = source
    self.event = event
    switch placement {
    case .owner(let branch, _, let person, let snapshot, let choice):
      (self.branch, owner, reason, self.snapshot, self.choice) = (branch, person.id, nil, snapshot, choice)
    case .held(let branch, let reason, _, let snapshot, let choice):
      (self.branch, owner, self.reason, self.snapshot, self.choice) = (branch, nil, reason, snapshot, choice)
    }
  }
}

extension LeadChange {
  /// Leads, their history, then branches, people and snapshots: the order of locks.
  static let writes: [Write<Allocation, LeadChange>] = [
    .each(
      \.opened,
      """
      insert into lead (id, phone, phone_text, region, name, source, product, registered_at, state, branch_id, owner_id,
        held_reason, held_since, held_ruleset, protected_since, protected_until, version)
      select id, phone, phone_text, region, name, source, product, registered_at,
        case when owner is null then 'held' else 'owned' end, branch, owner, reason,
        case when owner is null then at end, case when owner is null then ruleset end,
        case when owner is not null then at end, protected_until, 1
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::bigint[], $10::bigint[], $11::text[], $12::timestamptz[], $13::int[],
        $14::timestamptz[]) a (id, phone, phone_text, region, name, source, product, registered_at, branch, owner,
        reason, at, ruleset, protected_until)
      """,
      .integer { $0.id }, .integer { $0.phone }, .text { $0.phoneText }, .text { $0.region }, .text { $0.name },
      .text { $0.source }, .text { $0.product }, .timestamp { $0.registered }, .integer { $0.judgement.branch },
      .integer { $0.judgement.owner }, .text { $0.judgement.reason }, .timestamp { $0.judgement.at },
      .small { $0.judgement.ruleset }, .timestamp { $0.protectedUntil }),
    .each(
      \.placed,
      """
      update lead l
      set state = 'owned', branch_id = a.branch, owner_id = a.owner, held_reason = null, held_since = null,
        held_ruleset = null, protected_since = a.at, protected_until = a.protected_until, version = a.version
      from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
        a (id, version, branch, owner, at, protected_until)
      where l.id = a.id and l.state = 'held' and l.version = a.version - 1
      """,
      .integer { $0.judgement.lead }, .small { $0.judgement.version }, .integer { $0.judgement.branch },
      .integer { $0.judgement.owner }, .timestamp { $0.judgement.at }, .timestamp { $0.protectedUntil }),
    .each(
      \.routed,
      """
      update lead l set branch_id = a.branch, held_reason = a.reason, held_ruleset = a.ruleset, version = a.version
      from unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::int[]) a (id, version, branch, reason, ruleset)
      where l.id = a.id and l.state = 'held' and l.version = a.version - 1
      """,
      .integer { $0.lead }, .small { $0.version }, .integer { $0.judgement.branch }, .text { $0.judgement.reason },
      .small { $0.judgement.ruleset }),
    .each(
      \.rejudged,
      """
      update lead l set held_ruleset = a.ruleset
      from unnest($1::bigint[], $2::int[]) a (id, ruleset) where l.id = a.id and l.state = 'held'
      """,
      .integer { $0.lead }, .small { $0.ruleset }),
    .each(
      \.judgement,
      """
      insert into lead_history (lead_id, version, at, what, branch_id, owner_id, reason, ruleset, rule_position,
        snapshot_id, choice, source, event_id, worker)
      select id, version, at, case when owner is null then 'held' else 'allocated' end, branch, owner, reason, ruleset,
        rule, snapshot, choice, source, event, 'allocate-leads'
      from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::text[], $7::int[],
        $8::int[], $9::bigint[], $10::int[], $11::text[], $12::text[])
        a (id, version, at, branch, owner, reason, ruleset, rule, snapshot, choice, source, event)
      """,
      .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.branch }, .integer { $0.owner },
      .text { $0.reason }, .small { $0.ruleset }, .small { $0.rule }, .integer { $0.snapshot }, .small { $0.choice },
      .text { $0.source }, .text { $0.event }),
    .each(
      \.duplicate,
      """
      insert into lead_duplicate (lead_id, at, source, product, event_source, event_id, registered_at)
      select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::timestamptz[])
      """,
      .integer { $0.lead }, .timestamp { $0.at }, .text { $0.delivery.event.source },
      .text { $0.delivery.event.product }, .text { $0.delivery.source }, .text { $0.delivery.id },
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
        capacities, daily_caps, weekly_caps, given_today, given_this_week, excluded)
      select id, branch, at, method, turn, people::bigint[], offsets::bigint[], open_leads::int[], weights::int[],
        capacities::int[], daily_caps::int[], weekly_caps::int[], given_today::int[], given_this_week::int[],
        excluded::text[]
      from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::bigint[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
        a (id, branch, at, method, turn, people, offsets, open_leads, weights, capacities, daily_caps, weekly_caps,
          given_today, given_this_week, excluded)
      """,
      .integer { $0.branch.snapshot }, .integer { $0.branch.id }, .timestamp { $0.at },
      .text { $0.branch.rotation.method.rawValue }, .integer { $0.branch.turn }, .text { $0.list { $0.id } },
      .text { $0.list { $0.offset } }, .text { $0.list { Int64($0.openLeads) } },
      .text { $0.list(unless: { $0.weight == 1 }) { Int64($0.weight) } },
      .text { $0.list(unless: { $0.capacity == nil }) { $0.capacity.map { Int64($0) } } },
      .text { $0.list(unless: { $0.dailyCap == nil }) { $0.dailyCap.map { Int64($0) } } },
      .text { $0.list(unless: { $0.weeklyCap == nil }) { $0.weeklyCap.map { Int64($0) } } },
      .text { $0.list(unless: { $0.dailyCap == nil }) { Int64($0.givenToday) } },
      .text { $0.list(unless: { $0.weeklyCap == nil }) { Int64($0.givenThisWeek) } }, .text { $0.excluded }),
  ]

  var judgement: Judgement? {
    switch self {
    case .opened(let lead): lead.judgement
    case .placed(let lead): lead.judgement
    case .routed(let lead): lead.judgement
    case .duplicate, .rejudged: nil
    }
  }

  private var opened: OpenedLead? { if case .opened(let lead) = self { lead } else { nil } }
  private var placed: PlacedLead? { if case .placed(let lead) = self { lead } else { nil } }
  private var routed: RoutedLead? { if case .routed(let lead) = self { lead } else { nil } }
  private var duplicate: DuplicateLead? { if case .duplicate(let lead) = self { lead } else { nil } }
  private var rejudged: (lead: Int64, ruleset: Int32)? {
    if case .rejudged(let lead, let ruleset) = self { (lead, ruleset) } else { nil }
  }
}
