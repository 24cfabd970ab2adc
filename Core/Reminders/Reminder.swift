public import Values

/// That somebody should see to something, until when, and how much it matters.
///
/// A reminder is raised once for its cause, however often the cause is met: `key` names it, and a row's unique key
/// stands for that. It is cancelled when the cause has gone. Each of both is one event of `reminder.raised`, put into
/// the outbox by the statement that changes the row, so that rows and events cannot disagree.
public struct Reminder: Equatable, Sendable {
  /// Its cause, as in `lead/1042/step/3`: at most 300 characters, made from the subject and whatever tells this time
  /// from the next (a version, a deadline, a day).
  public let key: String
  /// What sort it is, a kebab-case word: `lead-held`, `step-due`. Policies and digests go by it.
  public let kind: String
  public let subject: Subject
  public let assignee: Assignee
  public let due: Timestamp
  public let urgency: Urgency
  /// A sentence for the person, without personal data; cut at 500 characters.
  public let detail: String?
  /// W3C trace context of the event that caused it.
  public let trace: String?

  public init(
    _ kind: String, key: String, about subject: Subject, to assignee: Assignee, due: Timestamp,
    urgency: Urgency = .normal, detail: String? = nil, trace: String? = nil
  ) {
    self.kind = kind
    self.key = key
    self.subject = subject
    self.assignee = assignee
    self.due = due
    self.urgency = urgency
    self.detail = detail
    self.trace = trace
  }

  /// What a reminder is about, as events name it.
  public struct Subject: Hashable, Sendable {
    public let kind: String
    public let name: String

    public init(kind: String, name: String) {
      self.kind = kind
      self.name = name
    }

    public static func lead(_ id: Int64) -> Subject { Subject(kind: "lead", name: String(id)) }
    public static func customer(_ code: String) -> Subject { Subject(kind: "customer", name: code) }
    public static func branch(_ code: String) -> Subject { Subject(kind: "branch", name: code) }
    public static func person(_ code: String) -> Subject { Subject(kind: "person", name: code) }
  }

  /// Who is told, by number.
  public enum Assignee: Hashable, Sendable {
    /// Who is no longer active is stood in for by the manager of their branch.
    case person(Int64)
    /// The nearest manager upwards. Where there is none, the reminder stands on the branch's list.
    case manager(ofBranch: Int64)
  }

  public enum Urgency: String, Sendable, CaseIterable {
    case low, normal
    /// A manager is told when it stays open (table `reminder_policy`).
    case urgent
  }

  /// Causes that have gone, with the reason, a kebab-case word: `contacted`, `reclaimed`, `converted`.
  public struct Gone: Equatable, Sendable {
    let key: String?
    let subject: Subject?
    let kind: String?
    let reason: String

    /// One reminder.
    public static func key(_ key: String, because reason: String) -> Gone {
      Gone(key: key, subject: nil, kind: nil, reason: reason)
    }

    /// All about a subject, of one kind or of every kind.
    public static func about(_ subject: Subject, kind: String? = nil, because reason: String) -> Gone {
      Gone(key: nil, subject: subject, kind: kind, reason: reason)
    }
  }
}
