import Contract
import LeadClock
import Postgres
import Reminders
import Runtime
import Topics
import Values

/// The ladder of reminders before protection ends; and leads whose clock shall begin anew under a changed policy.
enum CheckLeads: Sweep {
  static let name = "check-leads"
  static var pause: Duration { .seconds(5) }

  struct Item: Sendable {
    let lead: Lead
    /// The latest rung that was reached: so many days before the end, 0 for the last morning; nil for none.
    let rung: Int32?
    let next: Timestamp?
  }

  static func claim(
    _ limit: Int, _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] {
    cache.floor.hear(try transaction.ask(cache.floor.news()))
    let look = try transaction.rows(
      """
      with first as materialized (
        select coalesce(check_at, protected_until) as place from lead
        where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
          and coalesce(check_at, protected_until) >= coalesce($1::timestamptz, '-infinity')
          and coalesce(check_at, protected_until) <= statement_timestamp()
          and check_at is not null and protected_until > statement_timestamp()
          and not exists (select from set_aside s where s.sweep = 'check-leads' and s.item = lead.id::text)
        order by coalesce(check_at, protected_until) limit 1)
      select statement_timestamp(), first.place, first.place is not null or exists (
        select from lead where state = 'owned' and coalesce(check_at, protected_until) = '-infinity') as is_anything
      from (select) one left join first on true
      """
    ) { $0.timestamp(cache.floor.start) }[0]
    cache.floor.rise(to: look.optionalTimestamp(1), orTo: look.timestamp(0))
    return look.boolean(2) ? try claim(limit, from: cache.floor.start, transaction) : []
  }

  /// Rungs before clocks that begin anew: of those there may be millions. What is due already is not reminded of: it is taken
  /// back.
  private static func claim(
    _ limit: Int, from start: Timestamp?, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] {
    let rows = try transaction.rows(
      """
      with reached as materialized (
        select * from lead
        where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
          and coalesce(check_at, protected_until) >= coalesce($2::timestamptz, '-infinity')
          and coalesce(check_at, protected_until) <= statement_timestamp()
          and check_at is not null and protected_until > statement_timestamp()
          and not exists (select from set_aside s where s.sweep = 'check-leads' and s.item = lead.id::text)
        order by coalesce(check_at, protected_until) limit $1 for update skip locked),
      anew as materialized (
        select * from lead
        where state = 'owned' and coalesce(check_at, protected_until) = '-infinity'
          and not exists (select from set_aside s where s.sweep = 'check-leads' and s.item = lead.id::text)
        limit $1 - (select count(*) from reached) for update skip locked),
      due as materialized (select * from reached union all select * from anew),
      places as (select array_agg(branch_id) b, array_agg(product) p, array_agg(level) l from (
        select distinct branch_id, product, level from due) d),
      terms as materialized (select t.* from places w cross join protection_terms(w.b, w.p, w.l) t)
      select d.id, d.version, d.state, d.branch_id, d.owner_id, d.region, d.product, d.level, d.held_reason,
        d.held_since, d.held_ruleset, d.protected_since, d.protected_until, d.check_at, d.contacted_at,
        d.former_owner_id, d.former_since, d.former_until, d.pooled_at, d.pool_due_at, d.step_due_at,
        (select r.rung from protection_rungs(d.protected_until, t.reminder_days, t.last_morning, t.time_zone) r
          where r.at <= clock_timestamp() and r.at < d.protected_until and d.check_at > '-infinity'
          order by r.at desc limit 1),
        (select min(r.at) from protection_rungs(d.protected_until, t.reminder_days, t.last_morning, t.time_zone) r
          where r.at > clock_timestamp() and r.at < d.protected_until)
      from due d join terms t on t.branch_id = d.branch_id and t.product is not distinct from d.product
        and t.level is not distinct from d.level
      """
    ) {
      $0.integer(Int64(limit))
      $0.timestamp(start)
    }
    return rows.map { row in
      Item(
        lead: Statements.lead(row), rung: row.optionalInteger(21).map { Int32($0) }, next: row.optionalTimestamp(22))
    }
  }

  static func label(_ item: Item) -> String { String(item.lead.id) }

  static func load(
    _ items: [Item], _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> LeadBook {
    var book = LeadBook(locked: items.map(\.lead))
    var wanted = LeadBook.Wanted()
    for item in items {
      wanted.add(item.lead)
      guard item.lead.checkAt == Ladder.anew else { continue }
      wanted.clocks.append(
        .init(
          lead: item.lead.id, branch: item.lead.branch, contact: item.lead.ownContact ?? item.lead.protectedSince,
          isBeginning: item.lead.ownContact == nil))
    }
    try book.fill(wanted, transaction)
    return book
  }

  static func decide(_ item: Item, _ book: inout LeadBook, _ now: Timestamp) -> Decision<LifeChange> {
    guard var lead = book.leads[item.lead.id], let owner = lead.owner, let branch = lead.branch,
      let until = lead.protectedUntil
    else { return .ignore("gone") }
    lead.isChanged = true
    if lead.checkAt == Ladder.anew {
      if Sabotage.refuseItem.isOn { return .reject(Refusal("not-storable", "refused on purpose")) }
      return restart(lead, owner, branch, until, &book)
    }
    lead.checkAt = item.next
    book.leads[lead.id] = lead
    guard let rung = item.rung else { return .apply(LifeChange(), outcome: "checked") }
    let key = "lead/\(lead.id)/ladder/\(lead.version)/\(rung)"
    var reminders = [
      Reminder(
        Ladder.kind, key: key, about: .lead(lead.id), to: .person(owner), due: until,
        urgency: rung == 0 ? .urgent : .normal, detail: Ladder.sentence(rung))
    ]
    if rung == 0 {
      reminders.append(
        Reminder(
          Ladder.kind, key: key + "/manager", about: .lead(lead.id), to: .manager(ofBranch: branch), due: until,
          detail: "The last day on which \(book.people[owner]?.code ?? "its owner") has this lead to themselves."))
    }
    return .apply(LifeChange(reminders: reminders), outcome: "reminded")
  }

  /// The clock as it would be had today's policy held when it began: at the owner's last contact, or else when the lead was
  /// given to them.
  private static func restart(
    _ lead: Lead, _ owner: Int64, _ branch: Int64, _ until: Timestamp, _ book: inout LeadBook
  ) -> Decision<LifeChange> {
    var lead = lead
    let key = LeadBook.ClockKey(lead: lead.id, branch: branch, contact: lead.ownContact ?? lead.protectedSince)
    guard let clock = book.clocks[key] else { return .ignore("gone") }
    lead.checkAt = clock.checkAt
    guard clock.until != until else {
      book.leads[lead.id] = lead
      return .apply(LifeChange(), outcome: "unchanged")
    }
    lead.protectedUntil = clock.until
    lead.version += 1
    book.leads[lead.id] = lead
    let event = LeadOwnership.extended(
      .init(lead: lead.seen(at: book.at), owner: book.people[owner]?.code ?? "", protectedUntil: clock.until))
    let change = LifeChange(
      step: LifeStep(lead, "protected", at: book.at, reason: "policy-changed"),
      gone: [.about(.lead(lead.id), kind: Ladder.kind, because: "policy-changed")])
    return .apply(change, emit: [Emission(event)], outcome: "protected-anew")
  }

  static let writes = LifeChange.writes
}

enum Ladder {
  static let kind = "protection-ends"

  /// `check_at` of leads whose clock shall begin anew: PostgreSQL's `-infinity`.
  static let anew = Timestamp(microseconds: Int64.min &+ 946_684_800_000_000)

  static func sentence(_ rung: Int32) -> String {
    rung == 0
      ? "Contact this lead today, or it is taken back."
      : "Contact this lead within \(rung) \(rung == 1 ? "day" : "days"), or it is taken back."
  }
}
