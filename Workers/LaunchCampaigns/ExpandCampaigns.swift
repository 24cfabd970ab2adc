import Campaigns
import Contract
import Outreach
import Postgres
import Settings
import Topics
import Values

/// Writes to the people of a campaign that runs, a page of them after the other, in ranges of their numbers that lanes share. A page and
/// how far it went are one transaction: whoever dies over one leaves nobody behind, and comes to nobody again.
enum ExpandCampaigns: Sweep {
  static let name = "expand-campaigns"
  static var chunk: Int { 1000 }
  typealias Cache = PlanMemory

  static func lanes(_ settings: Settings) -> Int { settings[.expandingLanes] }

  /// One of a page's people, or the page's end.
  enum Item: Sendable {
    /// A campaign that nobody has begun with: it becomes ranges.
    case whole(campaign: Int64, after: Int64, given: ClosedRange<Int64>?)
    /// `isAside`: somebody whose message the database has refused.
    case person(Candidate, LaunchedCampaign, isAside: Bool)
    /// Everybody of the range up to this number has a row, and whether that is everybody.
    case end(CampaignRange, reached: Int64, isAll: Bool)
    /// What it was made from is not there any more.
    case refused(campaign: Int64, name: String, owner: Int64, Refusal)
  }

  /// The next page of one campaign's first range that nobody works on; campaigns take turns at random. The campaign's own row is not
  /// locked: who pauses or ends it does not wait until its people are found, and then the page counts for nothing.
  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] {
    let rows = try transaction.rows(
      """
      select c.id, c.branch_id, c.seed, c.name, c.owner_id, c.expanded_to, r.number, r.reached, r.until
      from (
        select id, branch_id, seed, name, owner_id, expanded_to from campaign
        where state = 'running' and settled_at is null and expanded_at is null and expires_at > clock_timestamp()
          and not repeats
          and (joined_from is null or joined_from <= pg_snapshot_xmin(pg_current_snapshot()))
        order by random()) c
      left join lateral (
        select number, reached, until from campaign_range where campaign_id = c.id order by number limit 1 for update skip locked) r
        on true
      where r.number is not null
        or not exists (select from campaign_range a where a.campaign_id = c.id)
          and pg_try_advisory_xact_lock(hashtextextended('millrace expand campaign ' || c.id, 0))
      limit 1
      """)
    guard let row = rows.first else { return [] }
    let id = row.integer(0)
    memory.take(try transaction.ask(memory.news([id])))
    guard let plan = memory[id] else { return [] }
    guard let number = row.optionalInteger(6) else {
      return [
        .whole(campaign: id, after: row.integer(5), given: try transaction.ask(Audience.numbers(of: plan.audience)))
      ]
    }
    let range = CampaignRange(campaign: id, number: Int32(number), reached: row.integer(7), until: row.integer(8))
    switch try memory.launched(id, plan, branch: row.integer(1), seed: row.text(2), transaction) {
    case .success(let launched): return try page(of: launched, range, limit, transaction)
    case .failure(let refusal): return [.refused(campaign: id, name: row.text(3), owner: row.integer(4), refusal)]
    }
  }

  private static func page(
    of campaign: LaunchedCampaign, _ range: CampaignRange, _ limit: Int, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] {
    // Where few are meant of very many, a page takes its time.
    _ = try transaction.rows("set local statement_timeout = '60s'")
    let (people, aside) = try transaction.ask(
      campaign.audience.page(after: range.reached, through: range.until, limit: limit),
      Question("select item from set_aside where sweep = 'expand-campaigns'", reading: { Set($0.map { $0.text(0) }) }))
    let items = people.map { person in
      let isAside = !aside.isEmpty && aside.contains("\(campaign.id)/\(person.subject)")
      return Item.person(person, campaign, isAside: isAside)
    }
    let reached = people.last?.subject ?? range.reached
    return items + [.end(range, reached: reached, isAll: people.count < limit || reached == range.until)]
  }

  static func label(_ item: Item) -> String {
    switch item {
    case .person(let person, let campaign, _): Recipient.Key(campaign: campaign.id, subject: person.subject).label
    case .end(let range, _, _): String(range.campaign)
    case .whole(let campaign, _, _), .refused(let campaign, _, _, _): String(campaign)
    }
  }

  struct Book {
    /// By channel: what messages are made from.
    var intakes: [Channel: MessageIntake] = [:]
    /// Requests of those who get one, by subject: what is looked up for them stands in `intakes`.
    var requests: [Int64: MessageIntake.Request] = [:]
  }

  static func load(
    _ items: [Item], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    var book = Book()
    var wanted: [Channel: [MessageIntake.Request]] = [:]
    for item in items {
      guard case .person(let person, let campaign, isAside: false) = item, person.outcome == .send,
        let place = person.place, let channel = campaign.plan.channels[place].channel.message,
        let request = campaign.request(to: person, by: place)
      else { continue }
      book.requests[person.subject] = request
      wanted[channel, default: []].append(request)
    }
    book.intakes = try memory.intakes(for: wanted, transaction)
    return book
  }

  static func decide(_ item: Item, _ book: inout Book, _ now: Timestamp) -> Decision<Expansion> {
    switch item {
    case .refused(let campaign, let name, let owner, let refusal):
      let step = CampaignStep.pause(.definition, "definition: \(refusal)")
      let move = CampaignMove(campaign: campaign, name: name, owner: owner, before: .running, step: step, at: now)
      return .apply(.refused(move), outcome: step.outcome)
    case .whole(let campaign, let start, let given):
      return .apply(.ranges(CampaignRange.cut(campaign, after: start, given: given)), outcome: "begun")
    case .end(let range, let reached, let isAll):
      return .apply(
        .end(Expansion.End(range: range, reached: reached, isAll: isAll)), outcome: isAll ? "range" : "page")
    case .person(let person, let campaign, let isAside):
      var made = Expansion.Person(person, of: campaign)
      if person.outcome == .send {
        if isAside {
          made.skip("not-storable")
        } else {
          made.take(book.compose(person, campaign, now), campaign.rules, now)
        }
      }
      return .apply(.person(made), outcome: made.outcome)
    }
  }

  static let writes = Expansion.writes
}

extension ExpandCampaigns.Book {
  fileprivate mutating func compose(
    _ person: Candidate, _ campaign: LaunchedCampaign, _ now: Timestamp
  ) -> Result<Approach, Unmade> {
    guard let place = person.place else { return .failure(.noAddress) }
    return intakes.approach(person, of: campaign, by: place, requests[person.subject], now)
  }
}

extension PlanMemory {
  /// What these messages are made from.
  mutating func intakes(
    for wanted: [Channel: [MessageIntake.Request]], _ transaction: Transaction
  ) throws(PostgresError) -> [Channel: MessageIntake] {
    var made: [Channel: MessageIntake] = [:]
    for channel in Channel.allCases {
      guard let requests = wanted[channel], var memory = intakes[channel] else { continue }
      // Not twice at once: a copy beside it would be written to.
      intakes[channel] = nil
      defer { intakes[channel] = memory }
      made[channel] = try MessageIntake(requests, channel, &memory, transaction)
    }
    return made
  }
}

/// Why there is no message for somebody.
struct Unmade: Error, Equatable {
  /// As their row tells it.
  let reason: String
  let detail: String?

  init(_ reason: String, _ detail: String? = nil) { (self.reason, self.detail) = (reason, detail) }

  static var noAddress: Unmade { Unmade("no-address") }
}

extension [Channel: MessageIntake] {
  /// A message that can be sent, or why there is none.
  mutating func compose(
    _ request: MessageIntake.Request, _ channel: Channel, _ now: Timestamp
  ) -> Result<NewMessage, Unmade> {
    switch self[channel]?.compose(request, channel, now) {
    case .apply(let message, _, _): message.skipped.map { .failure(Unmade($0.word, $0.detail)) } ?? .success(message)
    case .reject(let refusal): .failure(Unmade(refusal.reason, refusal.detail))
    case .ignore, nil: .failure(.noAddress)
    }
  }
}
