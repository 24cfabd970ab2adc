import Campaigns
import Contract
import Outreach
import Postgres
import Topics
import Values

/// Reaches those by the next channel of whom the one before it was silent for too long, or has failed: a message, or a task for whoever
/// has them. A task that another channel stands in for ends.
///
/// Those of whom a failure was awaited in vain are done with here too.
enum FallBack: Sweep {
  static let name = "fall-back"
  typealias Cache = PlanMemory

  struct Due: Sendable {
    let recipient: Recipient
    let branch: Int64
    let seed: String
  }

  /// Of campaigns that run, one after the other, those who have waited longest.
  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    let rows = try transaction.rows(
      """
      select r.*, c.branch_id, c.seed
      from campaign c cross join lateral (
        select r.campaign_id, r.subject, r.variant, r.state, r.reason, r.place, r.channel, r.message_id, r.is_open, r.fallback_at
        from campaign_recipient r
        where r.campaign_id = c.id and r.fallback_at <= statement_timestamp()
          and not exists (select from set_aside s where s.sweep = 'fall-back' and s.item = r.campaign_id || '/' || r.subject)
        order by r.fallback_at limit $1 for update skip locked) r
      where c.state = 'running' and c.settled_at is null and c.expires_at > statement_timestamp()
      limit $1
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map { Due(recipient: Recipient($0), branch: $0.integer(10), seed: $0.text(11)) }
  }

  static func label(_ due: Due) -> String { due.recipient.key.label }

  struct Book {
    var campaigns: [Int64: LaunchedCampaign] = [:]
    var people: [Recipient.Key: Candidate] = [:]
    var requests: [Recipient.Key: MessageIntake.Request] = [:]
    var intakes: [Channel: MessageIntake] = [:]
    /// Of those whose last channel was one.
    var tasks: [Recipient.Key: StandingTask] = [:]
    var endedTasks: [TaskMove] = []
    /// As they were claimed, and as they are left.
    var moved: [(before: Recipient, now: Recipient)] = []
  }

  static func load(
    _ items: [Due], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    memory.take(try transaction.ask(memory.news(items.map(\.recipient.key.campaign))))
    var book = Book()
    var wanted: [Channel: [MessageIntake.Request]] = [:]
    for (id, items) in Dictionary(grouping: items, by: \.recipient.key.campaign) {
      guard let plan = memory[id], let first = items.first else { continue }
      // Where the templates have gone, no other channel reaches anybody.
      guard
        case .success(let campaign) = try memory.launched(
          id, plan, branch: first.branch, seed: first.seed, transaction)
      else { continue }
      book.campaigns[id] = campaign
      for (place, items) in Dictionary(grouping: items, by: \.recipient.place) {
        guard let place else { continue }
        let falling = items.map(\.recipient).filter { FallBackRules(plan).standsIn(for: $0) }
        let subjects = falling.map(\.key.subject).sorted()
        let people: [Candidate] = try transaction.ask(campaign.audience.people(subjects, after: place))
        for person in people {
          let key = Recipient.Key(campaign: id, subject: person.subject)
          book.people[key] = person
          guard person.outcome == .send, let next = person.place else { continue }
          guard let channel = plan.channels[next].channel.message,
            let request = campaign.request(to: person, by: next)
          else { continue }
          book.requests[key] = request
          wanted[channel, default: []].append(request)
        }
      }
    }
    let tasks = try transaction.ask(StandingTask.lock(of: items.map(\.recipient).filter { $0.channel == "manager" }))
    book.tasks = Dictionary(uniqueKeysWithValues: tasks.map { ($0.recipient, $0) })
    book.intakes = try memory.intakes(for: wanted, transaction)
    return book
  }

  static func decide(_ due: Due, _ book: inout Book, _ now: Timestamp) -> Decision<Approach?> {
    let before = due.recipient
    var recipient = before
    let task = book.tasks[before.key]
    // It was settled a moment ago, which `TendTasks` has still to follow.
    if let task, before.state.isToBeDone, !task.state.isToBeDone {
      recipient.fallbackAt = nil
      book.moved.append((before, recipient))
      return .apply(nil, outcome: "settled-meanwhile")
    }
    let made = book.approach(recipient.key, now)
    if let (approach, place) = made {
      recipient.begin(approach, by: place)
      book.end(task)
    } else if recipient.state.isToBeDone {
      // It can be done still, however late.
      recipient.fallbackAt = nil
    } else {
      // No other channel reaches them, or none is wanted any more: they stay where they are.
      recipient.end()
    }
    book.moved.append((before, recipient))
    if let made { return .apply(made.approach, outcome: "fell-back") }
    let rules = book.campaigns[before.key.campaign].map { FallBackRules($0.plan) } ?? .none
    return .apply(nil, outcome: rules.standsIn(for: before) ? "no-other-channel" : "nothing-failed")
  }

  static let writes: [Write<Book, Approach?>] =
    [.moving { book, _ in book.moved.map(\.now).sorted { $0.key < $1.key } }]
    + Write.addingMessages { if case .message(let message) = $0 { message } else { nil } }
    + [
      .addingTasks { if case .task(let task) = $0 { task } else { nil } },
      .movingTasks { book, _ in book.endedTasks },
    ]
    + Write.counting { book, _ in CampaignCount.changes(book.moved.map { ($0.before, $0.now) }) }
}

extension FallBack.Book {
  /// nil where no other channel reaches them.
  fileprivate mutating func approach(_ key: Recipient.Key, _ now: Timestamp) -> (approach: Approach, place: Int)? {
    guard let campaign = campaigns[key.campaign], let person = people[key], person.outcome == .send,
      let place = person.place,
      case .success(let approach) = intakes.approach(person, of: campaign, by: place, requests[key], now)
    else { return nil }
    return (approach, place)
  }

  /// Its assignee hears of it by `TendTasks`.
  fileprivate mutating func end(_ task: StandingTask?) {
    guard var ended = task, ended.state.isToBeDone, let before = task else { return }
    ended.fallBack()
    endedTasks.append(TaskMove(before: before, now: ended))
  }
}

extension Recipient {
  /// The next channel is tried.
  fileprivate mutating func begin(_ approach: Approach, by place: Int) {
    (self.place, reason) = (place, nil)
    switch approach {
    case .message(let made): (state, message, channel) = (.queued, made.id, made.channel.rawValue)
    case .task: (state, message, channel) = (.assigned, nil, CampaignChannel.manager.rawValue)
    }
    (isOpen, fallbackAt) = (true, nil)
  }
}

extension FallBackRules {
  /// Whether the next channel is tried, now that the time of waiting is over.
  fileprivate func standsIn(for recipient: Recipient) -> Bool {
    recipient.state != .accepted || standsInOnSilence(after: recipient.place)
  }
}
