import Contract
import Postgres
import Reminders
import Topics
import Values

/// A task as its row stands, locked, and what becomes of it.
struct StandingTask: Sendable, Equatable {
  enum State: String, Sendable {
    case open, overdue, done, expired, cancelled

    /// Whether it may still be done.
    var isToBeDone: Bool { self == .open || self == .overdue }
  }

  let id: Int64
  let recipient: Recipient.Key
  let place: Int
  let campaign: String
  let title: String
  let subject: Reminder.Subject
  let branch: Int64?
  let due: Timestamp
  private(set) var version: Int32
  /// The version that the ledger and the reminders are at; 0 where nobody has been told yet.
  private(set) var followed: Int32
  private(set) var state: State
  /// Of one that is done what came of it, of one that has ended why.
  private(set) var outcome: String?
  /// Who has the customer or the lead; nil where nobody has them at present.
  private(set) var assignee: Int64?
  /// Whom the last reminder was for, and whether it was that of an overdue one.
  private(set) var told: Int64?
  private(set) var toldOverdue: Bool

  /// Who has the customer or lead now, at the task's first look.
  enum Owner: Sendable, Equatable {
    case person(Int64?)
    /// A lead that has become a customer, or somebody who was erased.
    case gone(String)
  }

  static let unreachable = "unreachable"

  // MARK: What becomes of it

  /// It went to somebody else while it was made: nobody else looks for that.
  mutating func learn(_ owner: Owner) {
    guard state.isToBeDone else { return }
    switch owner {
    case .person(let person):
      guard person != assignee else { return }
      assignee = person
      version += 1
    case .gone(let reason): end(.cancelled, reason)
    }
  }

  /// What time and its campaign make of it.
  mutating func age(_ campaignState: String, _ now: Timestamp) {
    guard state.isToBeDone else { return }
    switch campaignState {
    case "closed", "finished": end(.expired, "campaign-closed")
    case "cancelled": end(.cancelled, "campaign-cancelled")
    default:
      guard state == .open, due <= now else { return }
      state = .overdue
      version += 1
    }
  }

  /// Another channel is tried in its place.
  mutating func fallBack() { end(.cancelled, "another-channel") }

  private mutating func end(_ state: State, _ outcome: String) {
    (self.state, self.outcome) = (state, outcome)
    version += 1
  }

  /// Ledger and reminders are as it stands.
  mutating func follow() {
    followed = version
    told = state.isToBeDone ? assignee : nil
    toldOverdue = state == .overdue
  }

  // MARK: Who is told

  private var about: Reminder.Subject { Reminder.Subject(kind: "task", name: String(id)) }

  /// Those that hold no longer; to be asked before `follow`.
  var gone: Reminder.Gone? {
    guard followed > 0, isNews else { return nil }
    let reason = state.isToBeDone ? (toldOverdue == (state == .overdue) ? "moved" : "overdue") : state.rawValue
    return .about(about, because: reason)
  }

  /// One for whoever has it; where nobody has and it is overdue, for the branch's manager.
  var reminder: Reminder? {
    guard state.isToBeDone, followed == 0 || isNews else { return nil }
    let isOverdue = state == .overdue
    let receiver: Reminder.Assignee
    if let assignee {
      receiver = .person(assignee)
    } else if isOverdue, let branch {
      receiver = .manager(ofBranch: branch)
    } else {
      return nil
    }
    return Reminder(
      isOverdue ? "task-overdue" : "task", key: "task/\(id)/\(version)", about: about, to: receiver, due: due,
      urgency: isOverdue ? .urgent : .normal,
      detail: "\(title): \(subject.kind) \(subject.name). `millrace tasks show \(id)` has the script.")
  }

  private var isNews: Bool { !state.isToBeDone || assignee != told || toldOverdue != (state == .overdue) }
}

extension StandingTask {
  /// By their numbers, sorted by whom they are about: the order in which all lock.
  static func lock(_ ids: [Int64]) -> Question<[StandingTask]> {
    guard !ids.isEmpty else { return Question(known: []) }
    return Question(
      """
      select t.id, t.campaign_id, t.subject, t.place, t.campaign, t.title, t.subject_kind, t.subject_name, t.branch_id, t.due_at, t.version,
        t.followed, t.state, t.outcome, t.assignee_id, t.told_id, t.told_overdue
      from task t where t.id = any($1) order by t.id for update
      """
    ) {
      $0.integers(ids) { $0 }
    } reading: {
      $0.map { StandingTask($0) }
    }
  }

  /// Of recipients whose last channel was a task.
  static func lock(of recipients: [Recipient]) -> Question<[StandingTask]> {
    guard !recipients.isEmpty else { return Question(known: []) }
    return Question(
      """
      select t.id, t.campaign_id, t.subject, t.place, t.campaign, t.title, t.subject_kind, t.subject_name, t.branch_id, t.due_at, t.version,
        t.followed, t.state, t.outcome, t.assignee_id, t.told_id, t.told_overdue
      from unnest($1::bigint[], $2::bigint[], $3::int[]) a (campaign, subject, place)
      join task t on t.campaign_id = a.campaign and t.subject = a.subject and t.place = a.place
      order by t.id for update of t
      """
    ) {
      $0.integers(recipients) { $0.key.campaign }
      $0.integers(recipients) { $0.key.subject }
      $0.smalls(recipients) { $0.place.map { Int32($0) } }
    } reading: {
      $0.map { StandingTask($0) }
    }
  }

  private init(_ row: Row) {
    id = row.integer(0)
    recipient = Recipient.Key(campaign: row.integer(1), subject: row.integer(2))
    place = row.small(3)
    (campaign, title) = (row.text(4), row.text(5))
    subject = Reminder.Subject(kind: row.text(6), name: row.text(7))
    branch = row.optionalInteger(8)
    due = row.timestamp(9)
    (version, followed) = (Int32(row.small(10)), Int32(row.small(11)))
    guard let state = State(rawValue: row.text(12)) else { preconditionFailure("a task in a state that has no name") }
    self.state = state
    outcome = row.optionalText(13)
    (assignee, told, toldOverdue) = (row.optionalInteger(14), row.optionalInteger(15), row.boolean(16))
  }
}

/// A task before and after a decision about it.
struct TaskMove: Sendable {
  let before: StandingTask
  let now: StandingTask
}

extension Write {
  /// Writes down where tasks stand now. Their rows are locked.
  static func movingTasks(
    _ tasks: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [TaskMove]
  ) -> Write {
    .total(
      tasks,
      """
      update task t set version = a.version, followed = a.followed, state = a.state, outcome = a.outcome, assignee_id = a.assignee,
        assignee = p.code, branch_id = coalesce(p.branch_id, t.branch_id), told_id = a.told, told_overdue = a.told_overdue,
        settled_at = case when a.state in ('open', 'overdue') then null else coalesce(t.settled_at, clock_timestamp()) end
      from unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[])
        a (id, before, version, followed, state, outcome, assignee, told, told_overdue)
      left join person p on p.id = a.assignee
      where t.id = a.id and t.version = a.before
      """,
      .integer { $0.now.id }, .small { $0.before.version }, .small { $0.now.version }, .small { $0.now.followed },
      .text { $0.now.state.rawValue }, .text { $0.now.outcome }, .integer { $0.now.assignee },
      .integer { $0.now.told }, .boolean { $0.now.toldOverdue })
  }
}
