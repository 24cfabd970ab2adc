internal import Digest
public import Values

/// One entry of the log. A class: it is looked at once for every column.
public final class ServiceEntry: Sendable {
  /// Its place in the log.
  public let number: Int64
  public let at: Timestamp
  /// The code of the branch to whose day it counts.
  public let organisation: String
  /// `2026-01-31`.
  public let day: String
  public let content: Content
  public let salt: [UInt8]

  /// What was done, as people read it.
  public struct Content: Equatable, Sendable {
    public var what: String
    /// `lead` or `customer`, and its number or code.
    public var subjectKind: String
    public var subject: String
    /// Of a lead's history.
    public var version: Int32?
    /// The code of the person who did it.
    public var by: String?
    public var login: String?
    public var worker: String?
    public var authority: String
    public var outcome: String?
    /// Codes: where the subject is now, whose, and whose before.
    public var branch: String?
    public var owner: String?
    public var formerOwner: String?
    public var detail: String?
    public var source: String?
    public var event: String?

    public init(
      what: String, subjectKind: String, subject: String, version: Int32? = nil, by: String? = nil,
      login: String? = nil, worker: String? = nil, authority: String, outcome: String? = nil, branch: String? = nil,
      owner: String? = nil, formerOwner: String? = nil, detail: String? = nil, source: String? = nil,
      event: String? = nil
    ) {
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
      self.source = source
      self.event = event
    }
  }

  public init(
    number: Int64, at: Timestamp, organisation: String, day: String, _ content: Content, salt: [UInt8]
  ) {
    self.number = number
    self.at = at
    self.organisation = organisation
    self.day = day
    self.content = content
    self.salt = salt
  }

  /// HMAC-SHA-256 of `message` under the salt: who has not the salt cannot find out by trying what was committed to.
  public var commitment: [UInt8] {
    message.withUnsafeBytes { KeyedHash(key: salt).code(of: $0) }
  }

  /// A line that names the form, then a line for each field in this order: its length in bytes, a colon, and the field as
  /// UTF-8; for one that is absent a hyphen. No two entries have the same message.
  var message: [UInt8] {
    var message = LinedMessage("millrace service entry 1")
    message.add(String(number))
    message.add(at.rfc3339)
    message.add(organisation)
    message.add(day)
    message.add(content.what)
    message.add(content.subjectKind)
    message.add(content.subject)
    message.add(content.version.map { String($0) })
    message.add(content.by)
    message.add(content.login)
    message.add(content.worker)
    message.add(content.authority)
    message.add(content.outcome)
    message.add(content.branch)
    message.add(content.owner)
    message.add(content.formerOwner)
    message.add(content.detail)
    message.add(content.source)
    message.add(content.event)
    return message.bytes
  }
}

/// Fields with their lengths, so that they cannot run into each other.
struct LinedMessage {
  private(set) var bytes: [UInt8]

  init(_ form: StaticString) {
    bytes = []
    bytes.reserveCapacity(512)
    bytes += UnsafeBufferPointer(start: form.utf8Start, count: form.utf8CodeUnitCount)
    bytes.append(0x0A)
  }

  mutating func add(_ field: String?) {
    if var field {
      bytes += String(field.utf8.count).utf8
      bytes.append(UInt8(ascii: ":"))
      field.withUTF8 { bytes += $0 }
    } else {
      bytes.append(UInt8(ascii: "-"))
    }
    bytes.append(0x0A)
  }

  mutating func add(raw: [UInt8]) { bytes += raw }
}
