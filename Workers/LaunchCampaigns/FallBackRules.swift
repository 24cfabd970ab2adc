import Campaigns
import Values

/// When a campaign's next channel stands in for the one before it.
struct FallBackRules: Sendable, Equatable {
  struct Rule: Sendable, Equatable {
    /// Within so many seconds of its acceptance; nil is never.
    let onFailure: Int64?
    /// After so many seconds of which nothing was heard.
    let afterSilence: Int64?
  }

  /// One for each channel; the first stands in for none.
  private let rules: [Rule]

  /// No channel stands in for another.
  static let none = FallBackRules([])

  init(_ rules: [Rule]) { self.rules = rules }

  init(_ plan: CampaignDefinition) {
    rules = plan.channels.map {
      Rule(onFailure: $0.onFailure?.components.seconds, afterSilence: $0.afterSilence?.components.seconds)
    }
  }

  private func next(after place: Int?) -> Rule? {
    guard let next = place.map({ $0 + 1 }), rules.indices.contains(next) else { return nil }
    return rules[next]
  }

  func standsInOnFailure(after place: Int?) -> Bool { next(after: place)?.onFailure != nil }

  func standsInOnSilence(after place: Int?) -> Bool { next(after: place)?.afterSilence != nil }

  /// Until when it is waited for what becomes of a message that a gateway has: then the next channel is tried, or nothing more is
  /// expected. nil where nothing hangs on it.
  func patience(after place: Int?, since accepted: Timestamp) -> Timestamp? {
    guard let next = next(after: place) else { return nil }
    return (next.afterSilence ?? next.onFailure).map { accepted.adding(seconds: $0) }
  }

  /// When the next channel is tried after a task that has been overdue since then; nil is never.
  func patience(after place: Int?, overdueSince due: Timestamp) -> Timestamp? {
    guard let next = next(after: place) else { return nil }
    return next.afterSilence.map { due.adding(seconds: $0) } ?? next.onFailure.map { _ in due }
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
