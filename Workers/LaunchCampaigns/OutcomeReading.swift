import Topics

/// What became of a message, and whose of a campaign it was.
struct OutcomeReading: Sendable {
  /// What a recipient says of the campaign.
  enum Said: Sendable {
    case complained, unsubscribed

    var word: StaticString {
      switch self {
      case .complained: "complained"
      case .unsubscribed: "unsubscribed"
      }
    }
  }

  let told: OutreachOutcomes
  /// nil where it is of no campaign, where nobody knows any more, and where it moves nobody on.
  let recipient: Recipient.Key?
  let said: Said?

  init(_ told: OutreachOutcomes) {
    self.told = told
    let isOfCampaign = told.source == CampaignMessage.source && !OutcomeReading.isLooked(told.step)
    recipient = isOfCampaign ? CampaignMessage(told.request)?.recipient : nil
    said =
      switch told.step {
      case .complained: .complained
      case .unsubscribed: .unsubscribed
      default: nil
      }
  }

  /// Its message may be a campaign's: it has lost all else.
  var isErased: Bool { told.source == CampaignMessage.erased && said == nil && !OutcomeReading.isLooked(told.step) }

  private static func isLooked(_ step: OutreachOutcomes.Step) -> Bool {
    step == .opened || step == .clicked || step == .replied
  }
}

/// What an outcome changes, beside its recipient.
struct OutcomeChange: Sendable {
  let campaign: Int64
  let said: OutcomeReading.Said?
}
