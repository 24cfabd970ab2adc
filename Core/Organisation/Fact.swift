public import Values

/// One thing that was said of a person or a branch, with its own time. Files and events say the same things.
public struct Fact: Equatable, Sendable {
  public let subject: Subject
  public let field: Field
  /// nil is none.
  public let value: String?
  /// What some fields say beside their value: see `Field`.
  public let more: String?
  /// When it was so, by whoever says it.
  public let at: Timestamp
  /// Among equal times the greater source counts, then the greater id: so that the order of arrival never does.
  public let source: String
  public let event: String

  public init(
    _ subject: Subject, _ field: Field, _ value: String?, more: String? = nil, at: Timestamp, source: String,
    event: String
  ) {
    self.subject = subject
    self.field = field
    self.value = value
    self.more = more
    self.at = at
    self.source = source
    self.event = event
  }

  /// By its code.
  public enum Subject: Hashable, Sendable {
    case person(String)
    case branch(String)
  }

  /// Persisted by these words.
  public enum Field: String, Sendable, CaseIterable {
    case name
    /// Of a person: the branch's code; more is `stay` where the leads stay in the former branch.
    case branch
    /// `yes` or `no`.
    case manager
    /// `yes`, or `no` for who has left; more is the successor's code.
    case active
    /// From (RFC 3339); more is until. No value and no more is none.
    case leave
    case level
    case timeZone = "time-zone"
    /// Of a branch: the code of the one above.
    case parent
    /// The code of the branch that has taken over; or no value and more `closed`: the one above. Neither is open.
    case merged
  }

  /// What was there before anything was said.
  static func before(_ subject: Subject, _ field: Field, _ value: String?, more: String? = nil) -> Fact {
    Fact(subject, field, value, more: more, at: Timestamp.writable.lowerBound, source: "", event: "")
  }

  /// Whether this one counts against the other.
  func overrides(_ other: Fact) -> Bool {
    (at, source, event) > (other.at, other.source, other.event)
  }

  func isRepeat(of other: Fact) -> Bool {
    subject == other.subject && field == other.field && at == other.at && source == other.source && event == other.event
  }
}

extension Sequence where Element == Fact {
  /// The one that counts.
  func latest(_ field: Fact.Field) -> Fact? {
    reduce(nil) { best, fact in
      guard fact.field == field else { return best }
      guard let best, !fact.overrides(best) else { return fact }
      return best
    }
  }
}

/// What was said and cannot be true yet.
public struct Pending: Hashable, Sendable {
  public enum Reason: String, Sendable {
    /// Nobody has said yet that they joined, and under which name.
    case unknownPerson = "unknown-person"
    case unknownBranch = "unknown-branch"
    /// A branch would stand above itself, or be taken over by itself.
    case circle
    /// Nobody is there to take over a closed branch.
    case noParent = "no-parent"
  }

  public let reason: Reason
  /// The branch that is not known.
  public var waitsFor: String? = nil
}
