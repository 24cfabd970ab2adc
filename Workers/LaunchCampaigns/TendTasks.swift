import Campaigns
import Contract
import Postgres
import Reminders
import Values

/// Follows tasks: those that are new, done, or somebody else's now, that are overdue, and whose campaign is over. Recipients and reminders
/// go with them, in one transaction.
///
/// Whoever settles a task (a person, a contact) changes its row alone, whose version says that there is something to follow.
enum TendTasks: Sweep {
  static let name = "tend-tasks"
  static var pause: Duration { .milliseconds(500) }
  typealias Cache = PlanMemory

  struct Due: Sendable {
    let id: Int64
    let recipient: Recipient.Key
    let isOfLead: Bool
    /// Nobody has looked at it yet.
    let isNew: Bool
  }

  /// One at a time does so: rows are locked later, behind those of the people whom they are about.
  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    try transaction.rows(
      """
      with turn as materialized (select pg_try_advisory_xact_lock(hashtextextended('millrace tend tasks', 0)) as is_mine)
      select distinct d.id, d.campaign_id, d.subject, d.subject_kind = 'lead', d.followed = 0
      from turn cross join lateral (
        (select * from task where followed < version
          and not exists (select from set_aside s where s.sweep = 'tend-tasks' and s.item = task.id::text) order by id limit $1)
        union all
        (select * from task where state = 'open' and due_at <= statement_timestamp()
          and not exists (select from set_aside s where s.sweep = 'tend-tasks' and s.item = task.id::text) order by due_at limit $1)
        union all
        (select e.* from campaign c cross join lateral (
          select * from task t where t.campaign_id = c.id and t.state in ('open', 'overdue')
            and not exists (select from set_aside s where s.sweep = 'tend-tasks' and s.item = t.id::text) limit $1) e
          where c.state in ('closed', 'cancelled') and c.settled_at is null limit $1)) d
      where turn.is_mine
      order by d.campaign_id, d.subject limit $1
      """
    ) { $0.integer(Int64(limit)) }.map {
      Due(
        id: $0.integer(0), recipient: Recipient.Key(campaign: $0.integer(1), subject: $0.integer(2)),
        isOfLead: $0.boolean(3), isNew: $0.boolean(4))
    }
  }

  static func label(_ due: Due) -> String { String(due.id) }

  struct Book {
    var tasks: [Int64: StandingTask] = [:]
    var recipients: [Recipient.Key: Recipient] = [:]
    var owners: [Recipient.Key: StandingTask.Owner] = [:]
    /// By number.
    var campaigns: [Int64: String] = [:]
    var rules: [Int64: FallBackRules] = [:]
    /// As they were, and as they are left.
    var moved: [(before: Recipient, now: Recipient)] = []
    var movedTasks: [TaskMove] = []
    var gone: [Reminder.Gone] = []
    var reminders: [Reminder] = []
  }

  /// Customers and leads first, then recipients, then tasks: the order in which all lock.
  static func load(
    _ items: [Due], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    var book = Book()
    guard !items.isEmpty else { return book }
    let keys = Set(items.map(\.recipient)).sorted()
    let campaigns = Set(keys.map(\.campaign)).sorted()
    let (owners, recipients, tasks, news, states) = try transaction.ask(
      askOwners(items.filter(\.isNew)), RecipientBook.locked(keys), StandingTask.lock(items.map(\.id)),
      memory.news(campaigns), askStates(campaigns))
    memory.take(news)
    book.owners = owners
    book.recipients = Dictionary(uniqueKeysWithValues: recipients.map { ($0.key, $0) })
    book.tasks = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0) })
    book.campaigns = states
    for campaign in campaigns where !["closed", "cancelled", "finished"].contains(states[campaign]) {
      book.rules[campaign] = memory[campaign].map { FallBackRules($0) }
    }
    return book
  }

  /// Under locks, so that whoever gives a customer or lead to somebody else either has done so, or finds the task.
  private static func askOwners(_ items: [Due]) -> Question<[Recipient.Key: StandingTask.Owner]> {
    guard !items.isEmpty else { return Question(known: [:]) }
    let (leads, customers) = (items.filter(\.isOfLead), items.filter { !$0.isOfLead })
    return Question("select is_lead, subject, owner, gone from task_owners($1, $2)") {
      $0.integers(Set(customers.map(\.recipient.subject)).sorted()) { $0 }
      $0.integers(Set(leads.map(\.recipient.subject)).sorted()) { $0 }
    } reading: { rows in
      var found: [Bool: [Int64: StandingTask.Owner]] = [:]
      for row in rows {
        found[row.boolean(0), default: [:]][row.integer(1)] =
          row.optionalText(3).map { .gone($0) } ?? .person(row.optionalInteger(2))
      }
      return Dictionary(
        items.compactMap { item in found[item.isOfLead]?[item.recipient.subject].map { (item.recipient, $0) } }
      ) { one, _ in one }
    }
  }

  private static func askStates(_ campaigns: [Int64]) -> Question<[Int64: String]> {
    Question("select id, state from campaign where id = any($1)") {
      $0.integers(campaigns) { $0 }
    } reading: {
      Dictionary(uniqueKeysWithValues: $0.map { ($0.integer(0), $0.text(1)) })
    }
  }

  /// What has changed stands in the book.
  static func decide(_ due: Due, _ book: inout Book, _ now: Timestamp) -> Decision<Void> {
    guard let before = book.tasks[due.id] else { return .ignore("gone") }
    var task = before
    if due.isNew, let owner = book.owners[task.recipient] { task.learn(owner) }
    task.age(book.campaigns[task.recipient.campaign] ?? "cancelled", now)
    guard task.version > task.followed else { return .ignore("done-meanwhile") }
    if let recipient = book.recipients[task.recipient] {
      var followed = recipient
      if followed.follow(task, book.rules[task.recipient.campaign] ?? .none, now) {
        book.moved.append((recipient, followed))
      }
    }
    if let gone = task.gone { book.gone.append(gone) }
    if let reminder = task.reminder { book.reminders.append(reminder) }
    task.follow()
    book.movedTasks.append(TaskMove(before: before, now: task))
    return .apply((), outcome: task.outcomeWord)
  }

  static let writes: [Write<Book, Void>] =
    [
      .moving { book, _ in book.moved.map(\.now).sorted { $0.key < $1.key } },
      .movingTasks { book, _ in book.movedTasks },
      .cancelling(by: LaunchCampaigns.name) { book, _ in book.gone },
      .raising(by: LaunchCampaigns.name) { book, _ in book.reminders },
    ] + Write.counting { book, _ in CampaignCount.changes(book.moved.map { ($0.before, $0.now) }) }
}

extension StandingTask {
  fileprivate var outcomeWord: StaticString {
    switch state {
    case .open: "assigned"
    case .overdue: "overdue"
    case .done: "done"
    case .expired: "expired"
    case .cancelled: "cancelled"
    }
  }
}

extension Recipient {
  /// Stands where their task stands. False where nothing changes, or another channel is their own by now.
  mutating func follow(_ task: StandingTask, _ rules: FallBackRules, _ now: Timestamp) -> Bool {
    guard place == task.place, state.isToBeDone else { return false }
    let before = self
    reason = task.outcome
    switch task.state {
    case .open: state = .assigned
    case .overdue:
      state = .overdue
      fallbackAt = rules.patience(after: place, overdueSince: task.due)
    case .done:
      state = .done
      end()
      if task.outcome == StandingTask.unreachable { wait(for: rules, at: now) }
    case .expired, .cancelled:
      state = task.state == .expired ? .expired : .cancelled
      end()
    }
    return self != before
  }
}
