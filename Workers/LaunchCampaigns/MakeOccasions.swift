import Campaigns
import Contract
import Postgres
import Reminders
import Values

/// Makes the occasions of plans that come again: of each day that is due one campaign, which lives its life as all others do.
///
/// Nobody makes up for what a day has missed: an occasion whose day is over, by the clock of the branch, or that would be over itself,
/// is written down as missed, and whoever answers for the plan is told.
enum MakeOccasions: Sweep {
  static let name = "make-occasions"
  static var chunk: Int { 50 }
  typealias Cache = PlanMemory

  /// A plan of which a day is due. Its row is locked: nobody else makes the same occasion, or pauses the plan meanwhile.
  struct Due: Sendable {
    let plan: Int64
    let name: String
    let owner: Int64
    let expires: Timestamp
    /// When the first of the days was due, as the plan's row has it.
    let before: Timestamp
    let days: [Day]
    /// By the clock of its branch.
    let today: String
    /// The first that is not due yet.
    let next: Timestamp

    struct Day: Sendable, Equatable {
      /// `2027-05-01`
      let day: String
      let at: Timestamp
    }
  }

  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    let rows = try transaction.rows(
      """
      with due as materialized (
        select id, name, owner_id, expires_at, next_at, time_zone, definition::jsonb -> 'every' as every, clock_timestamp() as now
        from campaign c
        where c.repeats and c.state = 'running' and c.settled_at is null
          and c.next_at <= clock_timestamp() and c.expires_at > clock_timestamp()
          and not exists (select from set_aside s where s.sweep = 'make-occasions' and s.item = c.id::text)
        order by c.next_at limit $1 for update skip locked)
      select d.id, d.name, d.owner_id, d.expires_at, d.next_at, (d.now at time zone d.time_zone)::date::text,
        n.at, o.day::text, o.at
      from due d
      cross join lateral next_occasion(d.every, d.time_zone, d.now + interval '1 microsecond') n
      join lateral occasions(d.every, d.time_zone, (d.next_at at time zone d.time_zone)::date, (d.now at time zone d.time_zone)::date) o
        on o.at >= d.next_at and o.at <= d.now
      order by d.id, o.at
      """
    ) { $0.integer(Int64(limit)) }
    memory.take(try transaction.ask(memory.news(Set(rows.map { $0.integer(0) }))))
    var due: [Due] = []
    for (plan, rows) in Dictionary(grouping: rows, by: { $0.integer(0) }).sorted(by: { $0.key < $1.key }) {
      guard let row = rows.first else { continue }
      due.append(
        Due(
          plan: plan, name: row.text(1), owner: row.integer(2), expires: row.timestamp(3), before: row.timestamp(4),
          days: rows.map { Due.Day(day: $0.text(7), at: $0.timestamp(8)) }, today: row.text(5), next: row.timestamp(6)))
    }
    return due
  }

  static func label(_ due: Due) -> String { String(due.plan) }

  /// How long each plan's occasions are open.
  typealias Book = [Int64: Recurrence]

  static func load(
    _ due: [Due], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    var book: Book = [:]
    for due in due {
      if case .every(let recurrence) = memory[due.plan]?.course { book[due.plan] = recurrence }
    }
    return book
  }

  /// What becomes of a plan's days.
  struct Made: Sendable, Equatable {
    let plan: Int64
    let name: String
    let owner: Int64
    let before: Timestamp
    let next: Timestamp
    let occasion: Occasion?
    /// Of this plan and day, and until when it is open.
    struct Occasion: Sendable, Equatable {
      let plan: Int64
      let day: String
      let at: Timestamp
      let expires: Timestamp
    }
    /// How many, the first and the last of them.
    let missed: String?
    let now: Timestamp
  }

  static func decide(_ due: Due, _ book: inout Book, _ now: Timestamp) -> Decision<Made> {
    // Whoever tends campaigns pauses a plan that nobody can read any more.
    guard let recurrence = book[due.plan] else { return .ignore("unreadable") }
    let open = due.days.last.flatMap { day -> Made.Occasion? in
      let end = min(day.at.adding(seconds: recurrence.open.components.seconds), due.expires)
      guard day.day == due.today, end > now else { return nil }
      return Made.Occasion(plan: due.plan, day: day.day, at: day.at, expires: end)
    }
    let missed = open == nil ? due.days : due.days.dropLast()
    let made = Made(
      plan: due.plan, name: due.name, owner: due.owner, before: due.before, next: due.next, occasion: open,
      missed: words(missed.map(\.day)), now: now)
    return .apply(made, outcome: open == nil ? "missed" : missed.isEmpty ? "made" : "caught-up")
  }

  private static func words(_ days: [String]) -> String? {
    guard let first = days.first, let last = days.last else { return nil }
    return days.count == 1 ? first : "\(days.count) occasions, \(first) to \(last)"
  }

  /// The plan goes on in the transaction that makes the occasion.
  static let writes: [Write<Book, Made>] = [
    .each(
      { $0 },
      """
      update campaign c set next_at = a.next
      from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) a (id, before, next)
      where c.id = a.id and c.next_at = a.before and c.state = 'running'
      """,
      .integer { $0.plan }, .timestamp { $0.before }, .timestamp { $0.next }),
    // Who is of which variant and who is held out stays from occasion to occasion.
    .each(
      \.occasion,
      """
      insert into campaign (name, definition, version, state, audience, branch_id, author_id, owner_id, starts_at, expires_at, calendar_id,
        time_zone, pace, seed, launched_at, parent_id, day)
      select p.name || '/' || a.day, p.definition, p.version, 'running', p.audience, p.branch_id, p.author_id, p.owner_id, a.at, a.expires,
        p.calendar_id, p.time_zone, p.pace, p.seed, clock_timestamp(), p.id, a.day::date
      from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) a (plan, day, at, expires) join campaign p on p.id = a.plan
      """,
      .integer { $0.plan }, .text { $0.day }, .timestamp { $0.at }, .timestamp { $0.expires }),
    .each(
      \.occasion,
      """
      insert into campaign_pace (campaign_id)
      select c.id from unnest($1::bigint[], $2::text[]) a (plan, day) join campaign c on c.parent_id = a.plan and c.day = a.day::date
      where c.pace is not null
      """,
      touchesEach: false, .integer { $0.plan }, .text { $0.day }),
    .each(
      \.occasion,
      """
      select note_campaign_step(c, null, 'started', null)
      from unnest($1::bigint[], $2::text[]) a (plan, day) join campaign c on c.parent_id = a.plan and c.day = a.day::date
      """,
      touchesEach: false, .integer { $0.plan }, .text { $0.day }),
    .each(
      { $0.missed == nil ? nil : $0 },
      """
      select note_campaign_step(c, c.state, 'missed', a.note)
      from unnest($1::bigint[], $2::text[]) a (id, note) join campaign c on c.id = a.id
      """,
      touchesEach: false, .integer { $0.plan }, .text { $0.missed }),
    .raising(by: LaunchCampaigns.name) { _, changes in changes.compactMap(\.reminder) },
  ]
}

extension MakeOccasions.Made {
  fileprivate var reminder: Reminder? {
    guard let missed else { return nil }
    return Reminder(
      "campaign-missed", key: "campaign/\(plan)/missed/\(before.rfc3339)",
      about: Reminder.Subject(kind: "campaign", name: name), to: .person(owner), due: now, urgency: .urgent,
      detail: "The campaign \(name) has missed \(missed): launch-campaigns was not running, or the campaign was paused")
  }
}
