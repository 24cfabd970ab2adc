public import Contract
public import JSON
public import Values

/// What became of the firm's people and branches. When it did is the envelope's `time`: of what is said of the same
/// thing the latest counts, whenever it arrives.
public enum OrganisationChanged: Event, Equatable {
  case joined(Joined)
  case moved(Moved)
  case onLeave(OnLeave)
  case back(person: String)
  case left(person: String, successor: String?)
  case opened(Opened)
  case merged(branch: String, into: String)
  case closed(branch: String)

  public static let topic = Topic("organisation.changed", key: "person or branch code", origin: .outside)
  public static let types = [
    "person.joined", "person.moved", "person.on-leave", "person.back", "person.left", "branch.opened",
    "branch.merged", "branch.closed",
  ]

  public struct Joined: Equatable, Sendable {
    public let person: String
    public let name: String
    /// Its code.
    public let branch: String
    /// nil leaves it as it is.
    public let manager: Bool?

    public init(person: String, name: String, branch: String, manager: Bool? = nil) {
      self.person = person
      self.name = name
      self.branch = branch
      self.manager = manager
    }
  }

  public struct Moved: Equatable, Sendable {
    public let person: String
    public let branch: String
    public let leads: Leads
    public let manager: Bool?

    public init(person: String, branch: String, leads: Leads = .follow, manager: Bool? = nil) {
      self.person = person
      self.branch = branch
      self.leads = leads
      self.manager = manager
    }
  }

  public enum Leads: String, Sendable, CaseIterable {
    /// The person keeps them.
    case follow
    /// They are handed over in the former branch.
    case stay
  }

  public struct OnLeave: Equatable, Sendable {
    public let person: String
    /// nil is when the event happened.
    public let from: Timestamp?
    /// nil is until further notice.
    public let until: Timestamp?

    public init(person: String, from: Timestamp? = nil, until: Timestamp? = nil) {
      self.person = person
      self.from = from
      self.until = until
    }
  }

  public struct Opened: Equatable, Sendable {
    public let branch: String
    public let name: String
    public let level: Level
    public let parent: String?
    /// A name of the IANA time zone database.
    public let timeZone: String?

    public init(branch: String, name: String, level: Level, parent: String? = nil, timeZone: String? = nil) {
      self.branch = branch
      self.name = name
      self.level = level
      self.parent = parent
      self.timeZone = timeZone
    }
  }

  public enum Level: String, Sendable, CaseIterable {
    case headOffice = "head-office"
    case province, city, team
  }

  public var type: String {
    switch self {
    case .joined: "person.joined"
    case .moved: "person.moved"
    case .onLeave: "person.on-leave"
    case .back: "person.back"
    case .left: "person.left"
    case .opened: "branch.opened"
    case .merged: "branch.merged"
    case .closed: "branch.closed"
    }
  }

  public var key: String {
    switch self {
    case .joined(let joined): joined.person
    case .moved(let moved): moved.person
    case .onLeave(let leave): leave.person
    case .back(let person), .left(let person, _): person
    case .opened(let opened): opened.branch
    case .merged(let branch, _), .closed(let branch): branch
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case "person.joined":
      self = .joined(
        Joined(
          person: try data.text("person", 1...60), name: try data.text("name"), branch: try data.text("branch", 1...60),
          manager: try data.optionalBoolean("manager")))
    case "person.moved":
      self = .moved(
        Moved(
          person: try data.text("person", 1...60), branch: try data.text("branch", 1...60),
          leads: try data.optionalChoice("leads") ?? .follow, manager: try data.optionalBoolean("manager")))
    case "person.on-leave":
      self = .onLeave(
        OnLeave(
          person: try data.text("person", 1...60), from: try data.optionalTimestamp("from"),
          until: try data.optionalTimestamp("until")))
    case "person.back": self = .back(person: try data.text("person", 1...60))
    case "person.left":
      let person = try data.text("person", 1...60)
      let successor = try data.optionalText("successor", 1...60)
      if successor == person {
        throw Refusal("circle", at: data.path("successor"), "nobody succeeds themselves")
      }
      self = .left(person: person, successor: successor)
    case "branch.opened":
      let opened = Opened(
        branch: try data.text("branch", 1...60), name: try data.text("name"), level: try data.choice("level"),
        parent: try data.optionalText("parent", 1...60), timeZone: try data.optionalText("timeZone", 1...60))
      if opened.parent == opened.branch {
        throw Refusal("circle", at: data.path("parent"), "a branch does not stand above itself")
      }
      self = .opened(opened)
    case "branch.merged":
      let branch = try data.text("branch", 1...60)
      let into = try data.text("into", 1...60)
      if into == branch { throw Refusal("circle", at: data.path("into"), "a branch does not take over itself") }
      self = .merged(branch: branch, into: into)
    case "branch.closed": self = .closed(branch: try data.text("branch", 1...60))
    default: throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    switch self {
    case .joined(let joined):
      data.member("person", joined.person)
      data.member("name", joined.name)
      data.member("branch", joined.branch)
      data.member("manager", joined.manager)
    case .moved(let moved):
      data.member("person", moved.person)
      data.member("branch", moved.branch)
      data.member("leads", moved.leads.rawValue)
      data.member("manager", moved.manager)
    case .onLeave(let leave):
      data.member("person", leave.person)
      data.member("from", leave.from)
      data.member("until", leave.until)
    case .back(let person): data.member("person", person)
    case .left(let person, let successor):
      data.member("person", person)
      data.member("successor", successor)
    case .opened(let opened):
      data.member("branch", opened.branch)
      data.member("name", opened.name)
      data.member("level", opened.level.rawValue)
      data.member("parent", opened.parent)
      data.member("timeZone", opened.timeZone)
    case .merged(let branch, let into):
      data.member("branch", branch)
      data.member("into", into)
    case .closed(let branch): data.member("branch", branch)
    }
  }
}
