import Contract
import Postgres
import Topics

/// What is known of the people and campaigns that a batch of commands names. The campaigns' rows are locked, in the order in which
/// everybody locks them.
struct CommandBook {
  let secrets: CommandSecrets
  /// Numbers by code.
  let people: [String: Int64]
  let campaigns: Set<String>

  init(
    _ commands: [Delivery<CampaignCommands>], _ secrets: CommandSecrets, _ transaction: Transaction
  ) throws(PostgresError) {
    self.secrets = secrets
    // Whoever has not signed keeps nobody waiting.
    let signed = commands.filter { secrets.refusal(of: $0) == nil }.map(\.event)
    guard !signed.isEmpty else {
      (people, campaigns) = ([:], [])
      return
    }
    let names = Set(signed.map(\.campaign)).sorted()
    let codes = Set(signed.map(\.by)).sorted()
    campaigns = Set(
      try transaction.rows("select lock_campaigns($1)") { $0.texts(names) { $0 } }.map { $0.text(0) })
    people = Dictionary(
      uniqueKeysWithValues: try transaction.rows("select code, id from person where code = any($1)") {
        $0.texts(codes) { $0 }
      }.map { ($0.text(0), $0.integer(1)) })
  }
}
