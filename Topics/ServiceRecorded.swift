public import Contract
public import JSON
public import Values

/// What was done to leads and customers, entry by entry as the service log has them, and how many entries a day of an
/// organisation came to.
public enum ServiceRecorded: Event, Equatable {
  case recorded(Entry)
  case dayClosed(DayClosed)

  public static let topic = Topic("service.recorded", key: "lead id, customer id or branch", origin: .relay)
  public static let types = ["service.recorded", "service.day-closed"]

  public struct Entry: Equatable, Sendable {
    /// Its place in the log: no other entry has the same.
    public let number: Int64
    /// The code of the branch to whose day it counts.
    public let organisation: String
    public let day: String
    /// When it happened.
    public let at: Timestamp
    /// A kebab-case word: `allocated`, `claimed`, `viewed`.
    public let what: String
    public let subjectKind: SubjectKind
    /// The lead's number, the customer's code.
    public let subject: String
    /// Of the lead, where its history tells it.
    public let version: Int32?
    /// The code of the person who did it.
    public let by: String?
    /// Who was logged in, where that is nobody of the firm.
    public let login: String?
    /// The program that did it or carried it out.
    public let worker: String?
    /// By what right: `own-login`, `rule 3/7`, `policy`.
    public let authority: String
    /// What came of it, a word.
    public let outcome: String?
    /// Codes of where the subject is now, whose it is, and whose it was before.
    public let branch: String?
    public let owner: String?
    public let formerOwner: String?
    public let detail: String?
    /// The event that brought it about.
    public let eventSource: String?
    public let eventId: String?
    /// What the log's chain holds of this entry: 64 hexadecimal digits.
    public let commitment: String

    public enum SubjectKind: String, Sendable, CaseIterable {
      case lead, customer
    }

    public init(
      number: Int64, organisation: String, day: String, at: Timestamp, what: String, subjectKind: SubjectKind,
      subject: String, version: Int32? = nil, by: String? = nil, login: String? = nil, worker: String? = nil,
      authority: String, outcome: String? = nil, branch: String? = nil, owner: String? = nil,
      formerOwner: String? = nil, detail: String? = nil, eventSource: String? = nil, eventId: String? = nil,
      commitment: String
    ) {
      self.number = number
      self.organisation = organisation
      self.day = day
      self.at = at
      self.what = what
      self.subjectKind = subjectKind
      self.subject = subject
      self.version = version
      self.by = by
      self.login = login
      self.worker = worker
      self.authority = authority
      self.outcome = outcome
      self.branch = branch
      self.owner = owner
      self.formerOwner = formerOwner
      self.detail = detail
      self.eventSource = eventSource
      self.eventId = eventId
      self.commitment = commitment
    }
  }

  /// An organisation's day is over, and all that counts to it has been published before this.
  public struct DayClosed: Equatable, Sendable {
    /// The branch's code.
    public let organisation: String
    public let day: String
    public let entries: Int64
    public let at: Timestamp
    /// The last block of the log's chain then, and its hash; nil where nothing was ever recorded.
    public let block: Int64?
    public let hash: String?

    public init(organisation: String, day: String, entries: Int64, at: Timestamp, block: Int64?, hash: String?) {
      self.organisation = organisation
      self.day = day
      self.entries = entries
      self.at = at
      self.block = block
      self.hash = hash
    }
  }

  public var type: String {
    switch self {
    case .recorded: "service.recorded"
    case .dayClosed: "service.day-closed"
    }
  }

  public var key: String {
    switch self {
    case .recorded(let entry): entry.subject
    case .dayClosed(let closed): closed.organisation
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case "service.recorded": self = .recorded(try Entry(reading: data))
    case "service.day-closed": self = .dayClosed(try DayClosed(reading: data))
    default: throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: " and "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .recorded(let entry): entry.write(to: &data)
    case .dayClosed(let closed): closed.write(to: &data)
    }
  }
}
