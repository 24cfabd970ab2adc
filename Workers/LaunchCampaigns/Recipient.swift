import Topics
import Values

/// A row of a campaign's ledger: one person of its audience, and what has become of them.
struct Recipient: Sendable, Equatable {
  struct Key: Hashable, Comparable, Sendable {
    let campaign: Int64
    /// The number of a customer or a lead.
    let subject: Int64

    /// In the order of the table's key, so that two lanes lock alike.
    static func < (a: Key, b: Key) -> Bool { (a.campaign, a.subject) < (b.campaign, b.subject) }
  }

  enum State: String, Sendable, CaseIterable {
    case queued, accepted, delivered, uncertain, failed, expired, skipped, cancelled
    case heldOut = "held-out"
    /// Whoever has them has a task.
    case assigned, overdue, done

    /// Whether the message may still go on from there.
    var isUnderWay: Bool { self == .queued || self == .uncertain || self == .accepted }
    /// Whether the task may still be done.
    var isToBeDone: Bool { self == .assigned || self == .overdue }
  }

  let key: Key
  let variant: Int32
  var state: State
  var reason: String?
  /// Of the campaign's channels, counted from 0: the one that was tried last; nil where none was.
  var place: Int?
  var channel: String?
  var message: Int64?
  /// Something is still to be learnt of them, or to be done.
  var isOpen: Bool
  /// When the next channel is tried, or nothing more expected, if nothing more is heard.
  var fallbackAt: Timestamp?
}

extension Recipient {
  /// What is told of their message moves them on, forward only. False where it is no news.
  /// - Parameter rules: when other channels stand in; none of a campaign that is over.
  mutating func take(_ told: OutreachOutcomes, _ rules: FallBackRules) -> Bool {
    guard state.isUnderWay, let next = State(rawValue: told.step.rawValue), next != state,
      next != .uncertain || state == .queued
    else { return false }
    state = next
    reason = told.reason
    switch told.step {
    case .accepted:
      let patience = rules.patience(after: place, since: told.at)
      wait(patience != nil, until: patience)
    // Nobody knows whether they were written to: they are not written to again.
    case .uncertain: wait(true, until: nil)
    case .failed: wait(for: rules, at: told.at)
    case .skipped where FallBackRules.isOfChannel(told.reason): wait(for: rules, at: told.at)
    default: wait(false, until: nil)
    }
    return true
  }

  /// The message did not come about, or came to nothing: the next channel stands in at once where it does so on failure.
  mutating func wait(for rules: FallBackRules, at now: Timestamp) {
    let fallsBack = rules.standsInOnFailure(after: place)
    wait(fallsBack, until: fallsBack ? now : nil)
  }

  /// Nothing more is done, and nothing more awaited.
  mutating func end() { wait(false, until: nil) }

  private mutating func wait(_ isOpen: Bool, until fallbackAt: Timestamp?) {
    (self.isOpen, self.fallbackAt) = (isOpen, fallbackAt)
  }
}
