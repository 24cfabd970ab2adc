import Campaigns
import Topics

/// What a campaign's messages are called: whoever hears of one finds its recipient by that.
struct CampaignMessage: Hashable, Sendable {
  /// Of the event that asks for the message.
  static let source = CampaignMessageID.source
  /// Of a message whose recipient was erased.
  static let erased = CampaignMessageID.erased

  let recipient: Recipient.Key
  /// Of the campaign's channels, counted from 0.
  let place: Int

  init(to recipient: Recipient.Key, by place: Int) { (self.recipient, self.place) = (recipient, place) }

  /// nil for what is none of ours.
  init?(_ id: String) {
    guard let id = CampaignMessageID(id) else { return nil }
    self.init(to: Recipient.Key(campaign: id.campaign, subject: id.subject), by: id.place)
  }

  var id: String {
    CampaignMessageID(campaign: recipient.campaign, subject: recipient.subject, place: place).text
  }
}
