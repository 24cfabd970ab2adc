import Contract
import Postgres
import Reminders
import Values

/// What becomes of reminders by themselves: they lapse; of urgent ones that stay open a manager is told; each person
/// gets a digest in the morning where the firm wants it; those settled long ago are dropped.
enum TendReminders: Sweep {
  static let name = "tend-reminders"
  static var pause: Duration { .seconds(5) }

  enum Item: Sendable {
    case lapsed(Int64)
    case stillOpen(Open)
    case digest(Digest)
    case old(Int64)
  }

  struct Open: Sendable {
    let id: Int64
    let root: Int64
    let assignee: String?
    let subject: Reminder.Subject
    /// The next manager who does not have it already; nil where nobody stands above.
    let manager: Int64?
  }

  struct Digest: Sendable {
    let person: Int64
    let code: String
    /// The branch's local day.
    let day: String
    let open: Int64
    let overdue: Int64
    let dueToday: Int64
    let urgent: Int64
  }

  enum Change: Sendable {
    case expired(Int64)
    case escalated(Open, at: Timestamp)
    case digested(Digest, at: Timestamp)
    case dropped(Int64)
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    let most = Int64(limit)
    var items: [Item] = try transaction.rows(
      """
      select id from reminder where state = 'open' and expire_at <= statement_timestamp()
        and not exists (select from set_aside s where s.sweep = 'tend-reminders' and s.item = 'lapsed ' || id)
      order by expire_at, id limit $1 for update skip locked
      """
    ) { $0.integer(most) }.map { .lapsed($0.integer(0)) }
    if items.isEmpty {
      items = try transaction.rows(
        """
        select r.id, coalesce(r.escalates_id, r.id), p.code, r.subject_kind, r.subject,
          branch_manager(r.branch_id, r.assignee_id)
        from reminder r left join person p on p.id = r.assignee_id
        where r.state = 'open' and r.escalate_at <= statement_timestamp()
          and not exists (select from set_aside s where s.sweep = 'tend-reminders' and s.item = 'open ' || r.id)
        order by r.escalate_at, r.id limit $1 for update of r skip locked
        """
      ) { $0.integer(most) }.map {
        .stillOpen(
          Open(
            id: $0.integer(0), root: $0.integer(1), assignee: $0.optionalText(2),
            subject: Reminder.Subject(kind: $0.text(3), name: $0.text(4)), manager: $0.optionalInteger(5)))
      }
    }
    if items.isEmpty { items = try digests(most, transaction) }
    if items.isEmpty {
      items = try transaction.rows(
        """
        select id from reminder where state <> 'open' and settled_at < statement_timestamp() - interval '400 days'
          and not exists (select from set_aside s where s.sweep = 'tend-reminders' and s.item = 'old ' || id)
        order by settled_at limit $1 for update skip locked
        """
      ) { $0.integer(most) }.map { .old($0.integer(0)) }
    }
    return items
  }

  /// A day's digest is made once its time has come, for who works there and has not got it yet.
  private static func digests(_ limit: Int64, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    try transaction.rows(
      """
      with due as (
        select branch_id, (clock_timestamp() at time zone time_zone)::date as day, time_zone from digest_terms()
        where (clock_timestamp() at time zone time_zone)::time >= at),
      chosen as (
        select p.id, p.code, due.day, due.time_zone from due join person p on p.branch_id = due.branch_id
        where p.active and not exists (
            select from person_digest d where d.person_id = p.id and d.digested_on >= due.day)
          and not exists (select from set_aside s where s.sweep = 'tend-reminders' and s.item = 'digest ' || p.code)
        order by p.id limit $1)
      select c.id, c.code, c.day::text, count(r.id),
        count(r.id) filter (where r.due_at < clock_timestamp()),
        count(r.id) filter (where r.due_at >= clock_timestamp() and (r.due_at at time zone c.time_zone)::date = c.day),
        count(r.id) filter (where r.urgency = 'urgent')
      from chosen c left join reminder r on r.assignee_id = c.id and r.state = 'open' and r.kind <> 'digest'
      group by 1, 2, 3 order by 1
      """
    ) { $0.integer(limit) }.map {
      .digest(
        Digest(
          person: $0.integer(0), code: $0.text(1), day: $0.text(2), open: $0.integer(3), overdue: $0.integer(4),
          dueToday: $0.integer(5), urgent: $0.integer(6)))
    }
  }

  static func label(_ item: Item) -> String {
    switch item {
    case .lapsed(let id): "lapsed \(id)"
    case .stillOpen(let open): "open \(open.id)"
    case .digest(let digest): "digest \(digest.code)"
    case .old(let id): "old \(id)"
    }
  }

  static func load(_ items: [Item], _ cache: inout NoCache, _ transaction: Transaction) {}

  static func decide(_ item: Item, _ state: inout Void, _ now: Timestamp) -> Decision<Change> {
    switch item {
    case .lapsed(let id): .apply(.expired(id), outcome: "expired")
    case .stillOpen(let open):
      .apply(.escalated(open, at: now), outcome: open.manager == nil ? "nobody-above" : "escalated")
    case .digest(let digest): .apply(.digested(digest, at: now), outcome: "digested")
    case .old(let id): .apply(.dropped(id), outcome: "dropped")
    }
  }

  static let writes: [Write<Void, Change>] = [
    .total(
      { _, changes in changes.compactMap(\.expired) },
      "select settle_reminders('keep-organisation', $1::bigint[], 'expired', null)",
      touchesEach: false, .integer { $0 }),
    .total(
      { _, changes in changes.compactMap(\.escalated) },
      "update reminder r set escalate_at = null from unnest($1::bigint[]) a (id) where r.id = a.id",
      .integer { $0.open.id }),
    .total(
      { _, changes in changes.compactMap(\.escalated).filter { $0.open.manager != nil } },
      """
      select raise_reminders('keep-organisation', $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
        array_fill(null::bigint, array[cardinality($1::text[])]), $6::timestamptz[],
        array_fill('urgent'::text, array[cardinality($1::text[])]), $7::text[], '{}', $8::bigint[])
      """,
      touchesEach: false,
      .text { "escalation/\($0.open.id)" }, .text { _ in "escalation" }, .text { $0.open.subject.kind },
      .text { $0.open.subject.name }, .integer { $0.open.manager }, .timestamp { $0.at }, .text { $0.open.sentence },
      .integer { $0.open.root }),
    .total(
      { _, changes in changes.compactMap(\.digested) },
      """
      insert into person_digest (person_id, digested_on) select * from unnest($1::bigint[], $2::text[]::date[])
      on conflict (person_id) do update set digested_on = excluded.digested_on
      """,
      .integer { $0.digest.person }, .text { $0.digest.day }),
    .raising(by: KeepOrganisation.name) { _, changes in
      changes.compactMap(\.digested).filter { $0.digest.open > 0 }.map { digest, at in
        Reminder(
          "digest", key: "digest/\(digest.code)/\(digest.day)", about: .person(digest.code), to: .person(digest.person),
          due: at, urgency: .low, detail: digest.sentence)
      }
    },
    .total(
      { _, changes in changes.compactMap(\.dropped) },
      "delete from reminder r using unnest($1::bigint[]) a (id) where r.id = a.id",
      .integer { $0 }),
  ]
}

extension TendReminders.Open {
  fileprivate var sentence: String {
    assignee.map { "This stays open with \($0)." } ?? "This stays open, and nobody has it."
  }
}

extension TendReminders.Digest {
  fileprivate var sentence: String { "\(open) open: \(overdue) overdue, \(dueToday) due today, \(urgent) urgent." }
}

extension TendReminders.Change {
  fileprivate var expired: Int64? { if case .expired(let id) = self { id } else { nil } }
  fileprivate var escalated: (open: TendReminders.Open, at: Timestamp)? {
    if case .escalated(let open, let at) = self { (open, at) } else { nil }
  }
  fileprivate var digested: (digest: TendReminders.Digest, at: Timestamp)? {
    if case .digested(let digest, let at) = self { (digest, at) } else { nil }
  }
  fileprivate var dropped: Int64? { if case .dropped(let id) = self { id } else { nil } }
}
