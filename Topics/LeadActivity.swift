public import Contract
public import JSON
public import Values

/// What people did about a lead, and that a day's contacts have all been told. When it happened is the envelope's `time`.
///
/// A contact is a fact: whoever writes to the topic may tell it. To claim, to release and to assign are commands: they
/// count when the database stamped them (`command`), or when a registered front end signed them and names the person that
/// it vouches for (`by`).
public enum LeadActivity: Event, Equatable {
  case contacted(Deed, automatic: Bool, channel: String?)
  case claimed(Deed)
  case released(Deed)
  case assigned(Deed, branch: String?, person: String?)
  case dayEnded(branch: String, until: Timestamp)

  /// Who has contacted whom is in it, so that it is kept for a week only.
  public static let topic = Topic("lead.activity", key: "lead id", origin: .outside)
  public static let types = ["lead.contacted", "lead.claimed", "lead.released", "lead.assigned", "day.ended"]

  /// Something that somebody did about a lead.
  public struct Deed: Equatable, Sendable {
    public let lead: Int64
    /// The person's code.
    public let by: String?
    /// The database's number of a command that was given there, a UUID.
    public let command: String?

    public init(lead: Int64, by: String? = nil, command: String? = nil) {
      self.lead = lead
      self.by = by
      self.command = command
    }

    init(reading data: JSONObject) throws(Refusal) {
      lead = try data.integer("leadId", LeadVersion.ids)
      by = try data.optionalText("by", 1...60)
      command = try data.optionalText("command", 36...36)
    }

    func write(to data: inout JSONWriter) {
      data.member("leadId", lead)
      data.member("by", by)
      data.member("command", command)
    }
  }

  public var type: String {
    switch self {
    case .contacted: "lead.contacted"
    case .claimed: "lead.claimed"
    case .released: "lead.released"
    case .assigned: "lead.assigned"
    case .dayEnded: "day.ended"
    }
  }

  public var deed: Deed? {
    switch self {
    case .contacted(let deed, _, _), .claimed(let deed), .released(let deed), .assigned(let deed, _, _): deed
    case .dayEnded: nil
    }
  }

  /// Counts only from whoever may give it; the others are facts.
  public var isCommand: Bool {
    switch self {
    case .claimed, .released, .assigned: true
    case .contacted, .dayEnded: false
    }
  }

  public var key: String {
    if case .dayEnded(let branch, _) = self { branch } else { String(deed?.lead ?? 0) }
  }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    switch type {
    case "lead.contacted":
      self = .contacted(
        try Deed(reading: data), automatic: try data.optionalBoolean("automatic") ?? false,
        channel: try data.optionalText("channel", 1...60))
    case "lead.claimed": self = .claimed(try Deed(reading: data))
    case "lead.released": self = .released(try Deed(reading: data))
    case "lead.assigned":
      self = .assigned(
        try Deed(reading: data), branch: try data.optionalText("toBranch", 1...60),
        person: try data.optionalText("toPerson", 1...60))
    case "day.ended":
      self = .dayEnded(branch: try data.text("branch", 1...60), until: try data.timestamp("until"))
    default:
      throw Refusal("unknown-type", "this topic carries \(Self.types.joined(separator: ", "))")
    }
  }

  public func write(to data: inout JSONWriter) {
    deed?.write(to: &data)
    switch self {
    case .contacted(_, let automatic, let channel):
      data.member("automatic", automatic ? true : nil)
      data.member("channel", channel)
    case .assigned(_, let branch, let person):
      data.member("toBranch", branch)
      data.member("toPerson", person)
    case .dayEnded(let branch, let until):
      data.member("branch", branch)
      data.member("until", until)
    case .claimed, .released: break
    }
  }
}
