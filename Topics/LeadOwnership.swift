public import Contract
public import JSON
public import Values

/// Whose a lead is now. The events of one lead carry versions that rise by one, so that a reader who keeps the highest
/// is right whatever it missed.
public enum LeadOwnership: Event, Equatable {
  case allocated(Allocated)
  case held(Held)
  case passed(Passed)
  case converted(Converted)
  case pooled(Pooled)
  case extended(Extended)
  case declined(Declined)
  /// The person asked to be forgotten, or had to be: forget what you have of the lead.
  case erased(LeadVersion)

  public static let topic = Topic("lead.ownership", key: "lead id", origin: .relay)
  public static let types = [
    "lead.allocated", "lead.held", "lead.passed", "lead.converted", "lead.pooled", "lead.extended", "lead.declined",
    "lead.erased",
  ]

  /// A person of a branch has the lead, and nobody else may take it until `protectedUntil`.
  public struct Allocated: Equatable, Sendable {
    public let lead: LeadVersion
    /// The branch's code.
    public let branch: String
    /// The person's code.
    public let owner: String
    public let protectedUntil: Timestamp
    public let how: How?

    /// How a person came to have the lead.
    public enum How: String, CaseIterable, Sendable {
      case rotation, kept, assigned, claimed, transferred, restored
    }

    public init(lead: LeadVersion, branch: String, owner: String, protectedUntil: Timestamp, how: How? = nil) {
      self.lead = lead
      self.branch = branch
      self.owner = owner
      self.protectedUntil = protectedUntil
      self.how = how
    }
  }

  /// Nobody can take the lead yet; it waits, and `reason` says for what.
  public struct Held: Equatable, Sendable {
    public let lead: LeadVersion
    /// The branch whose people it waits for, where a rule gave it one.
    public let branch: String?
    /// A kebab-case word, such as `no-capacity`.
    public let reason: String

    public init(lead: LeadVersion, branch: String? = nil, reason: String) {
      self.lead = lead
      self.branch = branch
      self.reason = reason
    }
  }

  /// The lead turned out to be a customer: its clock stands still, and it is nobody's to win any more.
  public struct Converted: Equatable, Sendable {
    public let lead: LeadVersion
    /// The core system's customer id.
    public let customer: String
    /// The code of the branch that has it now.
    public let branch: String?
    /// The code of the person who has it now: the customer's manager or whoever had the lead, as the firm wants it.
    public let owner: String?
    public let by: Key

    /// By what lead and customer were known to be the same person.
    public enum Key: String, CaseIterable, Sendable {
      case identity, number, phone
    }

    public init(lead: LeadVersion, customer: String, branch: String? = nil, owner: String? = nil, by: Key) {
      self.lead = lead
      self.customer = customer
      self.branch = branch
      self.owner = owner
      self.by = by
    }
  }

  public var type: String {
    switch self {
    case .allocated: "lead.allocated"
    case .held: "lead.held"
    case .passed: "lead.passed"
    case .converted: "lead.converted"
    case .pooled: "lead.pooled"
    case .extended: "lead.extended"
    case .declined: "lead.declined"
    case .erased: "lead.erased"
    }
  }

  public var key: String { String(lead.id) }

  public var lead: LeadVersion {
    switch self {
    case .allocated(let allocated): allocated.lead
    case .held(let held): held.lead
    case .passed(let passed): passed.lead
    case .converted(let converted): converted.lead
    case .pooled(let pooled): pooled.lead
    case .extended(let extended): extended.lead
    case .declined(let declined): declined.lead
    case .erased(let lead): lead
    }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    let lead = try LeadVersion(reading: data)
    switch type {
    case "lead.allocated":
      self = .allocated(
        Allocated(
          lead: lead, branch: try data.text("branch", 1...60), owner: try data.text("owner", 1...60),
          protectedUntil: try data.timestamp("protectedUntil"), how: try data.optionalChoice("how")))
    case "lead.held":
      self = .held(
        Held(lead: lead, branch: try data.optionalText("branch", 1...60), reason: try data.text("reason", 1...60)))
    case "lead.converted":
      self = .converted(
        Converted(
          lead: lead, customer: try data.text("customer", 1...60), branch: try data.optionalText("branch", 1...60),
          owner: try data.optionalText("owner", 1...60), by: try data.choice("by")))
    case "lead.passed": self = .passed(try Passed(lead, reading: data))
    case "lead.pooled": self = .pooled(try Pooled(lead, reading: data))
    case "lead.extended": self = .extended(try Extended(lead, reading: data))
    case "lead.declined": self = .declined(try Declined(lead, reading: data))
    case "lead.erased": self = .erased(lead)
    default:
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    lead.write(to: &data)
    switch self {
    case .allocated(let allocated):
      data.member("branch", allocated.branch)
      data.member("owner", allocated.owner)
      data.member("protectedUntil", allocated.protectedUntil)
      data.member("how", allocated.how?.rawValue)
    case .held(let held):
      data.member("branch", held.branch)
      data.member("reason", held.reason)
    case .converted(let converted):
      data.member("customer", converted.customer)
      data.member("branch", converted.branch)
      data.member("owner", converted.owner)
      data.member("by", converted.by.rawValue)
    case .passed(let passed): passed.write(to: &data)
    case .pooled(let pooled): pooled.write(to: &data)
    case .extended(let extended): extended.write(to: &data)
    case .declined(let declined): declined.write(to: &data)
    case .erased: break
    }
  }
}

/// A lead as one of its history's versions has it.
public struct LeadVersion: Equatable, Sendable {
  /// At most 2^53 - 1, so that JavaScript reads it exactly.
  public static let ids: ClosedRange<Int64> = 1...9_007_199_254_740_991

  public let id: Int64
  /// From 1, one for each row of its history.
  public let version: Int32
  /// Where its phone is registered: a country `CN`, a subdivision `CN-GD` or a city `CN-GD/Shenzhen`.
  public let region: String?
  public let at: Timestamp

  public init(id: Int64, version: Int32, region: String? = nil, at: Timestamp) {
    self.id = id
    self.version = version
    self.region = region
    self.at = at
  }

  init(reading data: JSONObject) throws(Refusal) {
    id = try data.integer("leadId", Self.ids)
    version = Int32(truncatingIfNeeded: try data.integer("version", 1...Int64(Int32.max)))
    region = try data.optionalText("region", 2...100)
    at = try data.timestamp("at")
  }

  func write(to data: inout JSONWriter) {
    data.member("leadId", id)
    data.member("version", Int64(version))
    data.member("region", region)
    data.member("at", at)
  }
}
