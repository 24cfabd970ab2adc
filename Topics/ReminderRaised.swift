public import Contract
public import JSON
public import Values

/// Who should see to something, until when; and that it is settled. The two events of one reminder carry the same
/// number and key; between them it may go from person to person, settled as `moved` for the one and raised for the
/// other.
public enum ReminderRaised: Event, Equatable {
  case raised(Raised)
  case settled(Settled)

  public static let topic = Topic("reminder.raised", key: "assignee", origin: .relay)
  public static let types = ["reminder.raised", "reminder.settled"]

  /// What both have.
  public struct Reference: Equatable, Sendable {
    /// At most 2^53 - 1; `millrace reminders done` takes it.
    public let id: Int64
    /// What caused it: nothing is raised twice under one key.
    public let key: String
    /// A kebab-case word, such as `lead-held`.
    public let kind: String
    /// The code of the person whom it is for; nil where its branch and all above it have no manager.
    public let assignee: String?
    /// The code of the branch whose affair it is.
    public let branch: String?
    /// What it is about: `lead`, `customer`, `person`, `branch`, and its number or code.
    public let subjectKind: String
    public let subject: String
    public let at: Timestamp

    public init(
      id: Int64, key: String, kind: String, assignee: String?, branch: String?, subjectKind: String, subject: String,
      at: Timestamp
    ) {
      self.id = id
      self.key = key
      self.kind = kind
      self.assignee = assignee
      self.branch = branch
      self.subjectKind = subjectKind
      self.subject = subject
      self.at = at
    }
  }

  public struct Raised: Equatable, Sendable {
    public let reminder: Reference
    public let due: Timestamp
    public let urgency: Urgency
    /// A sentence for the person.
    public let detail: String?

    public init(_ reminder: Reference, due: Timestamp, urgency: Urgency, detail: String? = nil) {
      self.reminder = reminder
      self.due = due
      self.urgency = urgency
      self.detail = detail
    }
  }

  public enum Urgency: String, Sendable, CaseIterable {
    case low, normal, urgent
  }

  public struct Settled: Equatable, Sendable {
    public let reminder: Reference
    public let state: Outcome
    /// Why it was cancelled, a kebab-case word.
    public let reason: String?
    /// The code of the person who did it.
    public let by: String?

    public init(_ reminder: Reference, state: Outcome, reason: String? = nil, by: String? = nil) {
      self.reminder = reminder
      self.state = state
      self.reason = reason
      self.by = by
    }
  }

  public enum Outcome: String, Sendable, CaseIterable {
    case done, cancelled, expired
    /// Somebody else has it now.
    case moved
  }

  public var type: String {
    switch self {
    case .raised: "reminder.raised"
    case .settled: "reminder.settled"
    }
  }

  public var reminder: Reference {
    switch self {
    case .raised(let raised): raised.reminder
    case .settled(let settled): settled.reminder
    }
  }

  public var key: String { reminder.assignee ?? reminder.branch ?? "-" }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    let reminder = Reference(
      id: try data.integer("reminderId", LeadVersion.ids), key: try data.text("key", 1...300),
      kind: try data.text("kind", 1...60), assignee: try data.optionalText("assignee", 1...60),
      branch: try data.optionalText("branch", 1...60), subjectKind: try data.text("subjectKind", 1...60),
      subject: try data.text("subject", 1...100), at: try data.timestamp("at"))
    switch type {
    case "reminder.raised":
      self = .raised(
        Raised(
          reminder, due: try data.timestamp("dueAt"), urgency: try data.choice("urgency"),
          detail: try data.optionalText("detail", 1...500)))
    case "reminder.settled":
      self = .settled(
        Settled(
          reminder, state: try data.choice("state"), reason: try data.optionalText("reason", 1...60),
          by: try data.optionalText("by", 1...60)))
    default:
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: " and "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    data.member("reminderId", reminder.id)
    data.member("key", reminder.key)
    data.member("kind", reminder.kind)
    data.member("assignee", reminder.assignee)
    data.member("branch", reminder.branch)
    data.member("subjectKind", reminder.subjectKind)
    data.member("subject", reminder.subject)
    switch self {
    case .raised(let raised):
      data.member("dueAt", raised.due)
      data.member("urgency", raised.urgency.rawValue)
      data.member("detail", raised.detail)
    case .settled(let settled):
      data.member("state", settled.state.rawValue)
      data.member("reason", settled.reason)
      data.member("by", settled.by)
    }
    data.member("at", reminder.at)
  }
}
