internal import Contract
internal import Postgres
internal import Values

/// A campaign's own bound on how often its people are written to by a channel for its purpose, whoever writes.
struct CampaignCap: Sendable, Equatable {
  let most: Int
  let period: Duration

  static func ask(_ messages: [DueMessage], _ rules: ContactRules) -> Question<[Int64: CampaignCap]> {
    let campaigns = rules.capped.isEmpty ? [] : Set(messages.map(\.campaign)).subtracting([0]).sorted()
    guard !campaigns.isEmpty else { return Question(known: [:]) }
    return Question(
      "select id, cap_messages, cap_seconds from campaign where id = any($1) and cap_messages is not null"
    ) {
      $0.integers(campaigns) { $0 }
    } reading: {
      Dictionary(
        $0.map { ($0.integer(0), CampaignCap(most: Int($0.integer(1)), period: .seconds($0.integer(2)))) }
      ) { one, _ in one }
    }
  }

  /// Whether these contacts, of its channel and purpose, are enough.
  func isReached(_ moments: [Timestamp], _ now: Timestamp) -> Bool {
    let since = now.adding(.zero - period)
    return moments.count { $0 > since } >= most
  }
}
