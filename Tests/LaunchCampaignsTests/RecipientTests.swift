import Testing
import Topics

@testable import launch_campaigns

/// What becomes of a recipient as their message goes on.
@Suite struct RecipientTests {
  private static let texts = FallBackRules([.init(onFailure: nil, afterSilence: nil)])
  private static let onFailure = FallBackRules([
    .init(onFailure: nil, afterSilence: nil), .init(onFailure: 90, afterSilence: nil),
  ])
  private static let onSilence = FallBackRules([
    .init(onFailure: nil, afterSilence: nil), .init(onFailure: nil, afterSilence: 60),
  ])

  private func told(_ step: OutreachOutcomes.Step, _ reason: String? = nil) -> OutreachOutcomes {
    OutreachOutcomes(
      id: 1, step, channel: "sms", purpose: .marketing, reason: reason, source: CampaignMessage.source,
      request: "1/1/0",
      at: moment(10))
  }

  /// State, whether it is open, and seconds until the next channel is tried; what was no news is marked.
  private func went(_ steps: [(OutreachOutcomes.Step, String?)], _ rules: FallBackRules) -> String {
    var recipient = Recipient(
      key: .init(campaign: 1, subject: 1), variant: 0, state: .queued, place: 0, channel: "sms", message: 1,
      isOpen: true)
    var news = ""
    for (step, reason) in steps { if !recipient.take(told(step, reason), rules) { news += " no-news" } }
    let next = recipient.fallbackAt.map { " next \(Int($0.seconds(since: moment(10))))" } ?? ""
    return "\(recipient.state.rawValue)\(recipient.isOpen ? " open" : "")\(next)\(news)"
  }

  @Test(
    "forward only; open as long as something is to be learnt or done; never another channel after an uncertain message")
  func goesOn() {
    let cases: [([(OutreachOutcomes.Step, String?)], FallBackRules, String)] = [
      ([(.accepted, nil)], Self.texts, "accepted"),
      ([(.accepted, nil), (.delivered, nil)], Self.texts, "delivered"),
      ([(.accepted, nil), (.failed, "not-delivered")], Self.texts, "failed"),
      ([(.accepted, nil), (.accepted, nil)], Self.texts, "accepted no-news"),
      ([(.delivered, nil), (.accepted, nil), (.failed, nil)], Self.texts, "delivered no-news no-news"),
      ([(.uncertain, nil)], Self.texts, "uncertain open"),
      ([(.accepted, nil), (.uncertain, nil)], Self.texts, "accepted no-news"),
      ([(.uncertain, nil), (.accepted, nil)], Self.texts, "accepted"),
      ([(.expired, nil)], Self.texts, "expired"), ([(.cancelled, nil)], Self.onFailure, "cancelled"),
      ([(.skipped, "no-consent")], Self.texts, "skipped"),
      ([(.opened, nil), (.clicked, nil)], Self.texts, "queued open no-news no-news"),
      // Another channel stands in on failure: as long as one is awaited, the recipient is open.
      ([(.accepted, nil)], Self.onFailure, "accepted open next 90"),
      ([(.accepted, nil), (.delivered, nil)], Self.onFailure, "delivered"),
      ([(.accepted, nil), (.failed, nil)], Self.onFailure, "failed open next 0"),
      ([(.failed, nil)], Self.onFailure, "failed open next 0"),
      ([(.uncertain, nil)], Self.onFailure, "uncertain open"),
      ([(.uncertain, nil), (.failed, "resolved")], Self.onFailure, "failed open next 0"),
      ([(.skipped, "opted-out")], Self.onFailure, "skipped open next 0"),
      ([(.skipped, "frequency-cap")], Self.onFailure, "skipped"),
      ([(.skipped, "budget-spent")], Self.onFailure, "skipped"),
      ([(.expired, nil)], Self.onFailure, "expired"),
      // On silence.
      ([(.accepted, nil)], Self.onSilence, "accepted open next 60"),
      ([(.accepted, nil), (.delivered, nil)], Self.onSilence, "delivered"),
      ([(.accepted, nil), (.failed, nil)], Self.onSilence, "failed"),
      ([(.failed, nil)], Self.onSilence, "failed"),
      ([(.uncertain, nil)], Self.onSilence, "uncertain open"),
      ([(.uncertain, nil), (.accepted, nil)], Self.onSilence, "accepted open next 60"),
      // Of a campaign that is over nothing new begins.
      ([(.accepted, nil)], .none, "accepted"), ([(.failed, nil)], .none, "failed"),
    ]
    for (steps, rules, wanted) in cases { #expect(went(steps, rules) == wanted, "\(steps)") }
  }

  @Test("a campaign's message is found by its id, and nothing else is")
  func found() {
    let message = CampaignMessage(to: .init(campaign: 12, subject: 34), by: 1)
    #expect(message.id == "12/34/1" && CampaignMessage(message.id) == message)
    for other in ["", "12/34", "12/34/1/2", "a/34/1", "12//1", "12/34/"] { #expect(CampaignMessage(other) == nil) }
  }
}
