import Campaigns
import Topics
import Values

/// What became of a campaign's message, as figures count it. Nothing else of the event is kept: of a batch there are ten thousand.
struct OutcomeReading: Sendable {
  let message: Int64
  /// nil of what is of no campaign, or not known to be any more.
  let of: CampaignMessageID?
  /// Its message may be a campaign's: it has lost all else.
  let isErased: Bool
  let channel: String
  /// As `campaign_figure.what` has it: what programs do is told apart from what people do.
  let what: String
  let reason: String
  let cost: Money?
  let parts: Int32
  /// The first thing that its recipient did in answer to the message.
  let isFirstResponse: Bool
  /// Somebody has the message, or may have it since then: what they do afterwards may be its merit.
  let isTouch: Bool
  let at: Timestamp

  init(_ told: OutreachOutcomes) {
    message = told.id
    of = told.source == CampaignMessageID.source ? CampaignMessageID(told.request) : nil
    isErased = told.source == CampaignMessageID.erased
    channel = told.channel
    what =
      switch told.step {
      case .opened where told.machine == true: "machine-opened"
      case .clicked where told.machine == true: "machine-clicked"
      default: told.step.rawValue
      }
    reason = told.reason ?? ""
    cost = told.cost
    parts = told.parts ?? 0
    isFirstResponse = told.firstResponse == true
    isTouch = told.step == .accepted || told.step == .delivered
    at = told.at
  }
}
