import Topics

/// What a campaign's messages are called: whoever hears of one finds its recipient by that.
struct CampaignMessage: Hashable, Sendable {
  /// Of the event that asks for the message.
  static let source = "/millrace/campaigns"
  /// Of a message whose recipient was erased.
  static let erased = "erased"

  let recipient: Recipient.Key
  /// Of the campaign's channels, counted from 0.
  let place: Int

  init(to recipient: Recipient.Key, by place: Int) { (self.recipient, self.place) = (recipient, place) }

  /// nil for what is none of ours.
  init?(_ id: String) {
    let parts = id.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, let campaign = Int64(parts[0]), let subject = Int64(parts[1]), let place = Int(parts[2])
    else { return nil }
    self.init(to: Recipient.Key(campaign: campaign, subject: subject), by: place)
  }

  var id: String { "\(recipient.campaign)/\(recipient.subject)/\(place)" }
}
