import Campaigns
import Topics
import Values

/// What became of a campaign's message, as figures count it.
struct OutcomeReading: Sendable {
  let told: OutreachOutcomes
  /// nil of what is of no campaign, or not known to be any more.
  let of: CampaignMessageID?

  init(_ told: OutreachOutcomes) {
    self.told = told
    of = told.source == CampaignMessageID.source ? CampaignMessageID(told.request) : nil
  }

  /// Its message may be a campaign's: it has lost all else.
  var isErased: Bool { told.source == CampaignMessageID.erased }

  /// As `campaign_figure.what` has it: what programs do is told apart from what people do.
  var what: String {
    guard told.machine == true else { return told.step.rawValue }
    return switch told.step {
    case .opened: "machine-opened"
    case .clicked: "machine-clicked"
    default: told.step.rawValue
    }
  }

  /// Somebody has the message, or may have it since then: what they do afterwards may be its merit.
  var isTouch: Bool { told.step == .accepted || told.step == .delivered }
}
