public import Contract
public import JSON
public import Values

/// What people command about campaigns, by front ends that have only Kafka.
///
/// A command counts when a registered front end has signed it and names the person that it vouches for; then it goes by the same rules as
/// that person's own. What came of it is told on `campaign.progress`: as a step, or as `campaign.declined` with the reason.
public struct CampaignCommands: Event, Equatable {
  public static let topic = Topic("campaign.commands", key: "campaign name", origin: .outside)
  public static let types = ["campaign.commanded"]

  /// The campaign's name.
  public let campaign: String
  public let wanted: CampaignProgress.Command
  /// The code of the person whose command it is.
  public let by: String
  /// The plan's version that they had in front of them.
  public let version: Int64
  public let note: String?
  /// Of `extend`: when it shall expire.
  public let until: Timestamp?

  public init(
    _ wanted: CampaignProgress.Command, campaign: String, by: String, version: Int64, note: String? = nil,
    until: Timestamp? = nil
  ) {
    (self.wanted, self.campaign, self.by, self.version) = (wanted, campaign, by, version)
    (self.note, self.until) = (note, until)
  }

  public var key: String { campaign }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    campaign = try data.text("campaign", 1...63)
    wanted = try data.choice("wanted")
    by = try data.text("by", 1...60)
    version = try data.integer("version", 1...1_000_000_000)
    note = try data.optionalText("note", 1...500)
    until = try data.optionalTimestamp("until")
  }

  public func write(to data: inout JSONWriter) {
    data.member("campaign", campaign)
    data.member("wanted", wanted.rawValue)
    data.member("by", by)
    data.member("version", version)
    data.member("note", note)
    data.member("until", until)
  }
}
