import Campaigns
import Values

/// When a campaign's next channel stands in for the one before it.
struct FallBackRules: Sendable, Equatable {
  struct Rule: Sendable, Equatable {
    let onFailure: Bool
    /// After so many seconds of which nothing was heard.
    let afterSilence: Int64?
  }

  /// One for each channel; the first stands in for none.
  private let rules: [Rule]

  /// No channel stands in for another.
  static let none = FallBackRules([])

  init(_ rules: [Rule]) { self.rules = rules }

  init(_ plan: CampaignDefinition) {
    rules = plan.channels.map { Rule(onFailure: $0.onFailure, afterSilence: $0.afterSilence?.components.seconds) }
  }

  private func next(after place: Int?) -> Rule? {
    guard let next = place.map({ $0 + 1 }), rules.indices.contains(next) else { return nil }
    return rules[next]
  }

  func isAnyLeft(after place: Int?) -> Bool { next(after: place) != nil }

  func standsInOnFailure(after place: Int?) -> Bool { next(after: place)?.onFailure ?? false }

  /// When the next channel is tried, if nothing is heard of the one before it; nil where it does not wait for that.
  func silence(after place: Int?, since accepted: Timestamp) -> Timestamp? {
    next(after: place)?.afterSilence.map { accepted.adding(seconds: $0) }
  }

  /// Whether a message was skipped for what another channel may not share. The others are the firm's will, on whatever channel: they
  /// have had enough of its messages, or nothing is left to pay for one.
  static func isOfChannel(_ reason: String?) -> Bool {
    switch reason {
    case "frequency-cap", "budget-spent", "budget-removed", "deadline-passed": false
    default: true
    }
  }
}
