public import Postgres

/// Whether a claimed message of a campaign may still be sent: campaigns are paused and cancelled while their messages wait in a lane.
///
/// A claim sees what a campaign's row says at that moment; afterwards the lane asks again every quarter of a second. What was last
/// seen longer ago than it holds counts as nothing: so the last call begins within that time of a pause, whatever else the lane waits
/// for.
public struct RestingCampaigns: Sendable {
  public enum Answer: Sendable {
    case goes, waits, rests
  }

  /// How long an answer of the database is believed.
  static let holds: Duration = .seconds(1)

  private var resting: Set<Int64> = []
  /// Before the question was asked, by the clock since boot.
  private var askedAt: Duration?

  public init() {}

  /// Asks which of these campaigns rest, or are over.
  public static func among(_ campaigns: Set<Int64>) -> Question<Set<Int64>> {
    guard !campaigns.isEmpty else { return Question(known: []) }
    return Question(
      "select id from campaign where id = any($1) and (state <> 'running' or expires_at <= clock_timestamp())"
    ) {
      $0.integers(campaigns.sorted()) { $0 }
    } reading: {
      Set($0.map { $0.integer(0) })
    }
  }

  public mutating func take(_ resting: Set<Int64>, askedAt: Duration) {
    self.resting = resting
    self.askedAt = askedAt
  }

  /// - Parameter claimedAt: before its claim was sent, by the clock since boot, as `now`.
  public func answer(_ message: DueMessage, claimedAt: Duration, now: Duration) -> Answer {
    guard message.campaign != 0 else { return .goes }
    if resting.contains(message.campaign), let askedAt, askedAt > claimedAt { return .rests }
    return now - max(claimedAt, askedAt ?? claimedAt) < RestingCampaigns.holds ? .goes : .waits
  }
}
