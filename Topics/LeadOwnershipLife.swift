internal import JSON
public import Values

extension LeadOwnership {
  /// Passed down step by step: the lead stands at a branch, which passes it on or gives it to a person until `dueAt`.
  public struct Passed: Equatable, Sendable {
    public let lead: LeadVersion
    /// The branch's code.
    public let branch: String
    public let dueAt: Timestamp

    public init(lead: LeadVersion, branch: String, dueAt: Timestamp) {
      self.lead = lead
      self.branch = branch
      self.dueAt = dueAt
    }

    init(_ lead: LeadVersion, reading data: JSONObject) throws(Refusal) {
      self.lead = lead
      branch = try data.text("branch", 1...60)
      dueAt = try data.timestamp("dueAt")
    }

    func write(to data: inout JSONWriter) {
      data.member("branch", branch)
      data.member("dueAt", dueAt)
    }
  }

  /// Nobody has the lead: it lies in the pool of its branch, where people claim it.
  public struct Pooled: Equatable, Sendable {
    public let lead: LeadVersion
    /// The branch's code.
    public let branch: String
    /// The code of the person who had it until now.
    public let formerOwner: String?
    /// A kebab-case word, such as `protection-ended`.
    public let reason: String

    public init(lead: LeadVersion, branch: String, formerOwner: String? = nil, reason: String) {
      self.lead = lead
      self.branch = branch
      self.formerOwner = formerOwner
      self.reason = reason
    }

    init(_ lead: LeadVersion, reading data: JSONObject) throws(Refusal) {
      self.lead = lead
      branch = try data.text("branch", 1...60)
      formerOwner = try data.optionalText("formerOwner", 1...60)
      reason = try data.text("reason", 1...60)
    }

    func write(to data: inout JSONWriter) {
      data.member("branch", branch)
      data.member("formerOwner", formerOwner)
      data.member("reason", reason)
    }
  }

  /// The owner keeps the lead, and nobody else may take it until another time than was told before.
  public struct Extended: Equatable, Sendable {
    public let lead: LeadVersion
    /// The person's code.
    public let owner: String
    public let protectedUntil: Timestamp

    public init(lead: LeadVersion, owner: String, protectedUntil: Timestamp) {
      self.lead = lead
      self.owner = owner
      self.protectedUntil = protectedUntil
    }

    init(_ lead: LeadVersion, reading data: JSONObject) throws(Refusal) {
      self.lead = lead
      owner = try data.text("owner", 1...60)
      protectedUntil = try data.timestamp("protectedUntil")
    }

    func write(to data: inout JSONWriter) {
      data.member("owner", owner)
      data.member("protectedUntil", protectedUntil)
    }
  }

  /// A signed command had no effect. The lead stays at the version that is told.
  public struct Declined: Equatable, Sendable {
    public let lead: LeadVersion
    /// The command's type.
    public let what: String
    /// The code of the person for whom it was.
    public let by: String?
    /// A kebab-case word, such as `taken`.
    public let reason: String
    public let eventSource: String
    public let eventId: String

    public init(
      lead: LeadVersion, what: String, by: String?, reason: String, eventSource: String, eventId: String
    ) {
      self.lead = lead
      self.what = what
      self.by = by
      self.reason = reason
      self.eventSource = eventSource
      self.eventId = eventId
    }

    init(_ lead: LeadVersion, reading data: JSONObject) throws(Refusal) {
      self.lead = lead
      what = try data.text("what", 1...60)
      by = try data.optionalText("by", 1...60)
      reason = try data.text("reason", 1...60)
      eventSource = try data.text("eventSource", 1...400)
      eventId = try data.text("eventId", 1...400)
    }

    func write(to data: inout JSONWriter) {
      data.member("what", what)
      data.member("by", by)
      data.member("reason", reason)
      data.member("eventSource", eventSource)
      data.member("eventId", eventId)
    }
  }
}
