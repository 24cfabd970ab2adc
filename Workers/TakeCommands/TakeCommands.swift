import Contract
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Takes what front ends command about campaigns for people whom they vouch for, by the rules that hold for people's own logins.
///
/// Whether a command has its effect is for `take_campaign_command` to say, under the lock of the campaign's row: it tells the step, or why
/// there is none.
@main
struct TakeCommands: Worker {
  typealias Input = CampaignCommands
  static let name = "take-commands"
  static var settings: SettingGroup? { SettingGroup("Commands", Setting.commandSecrets) }

  static func load(
    _ commands: [Delivery<CampaignCommands>], _ front: inout FrontEnds, _ transaction: Transaction
  ) throws(PostgresError) -> CommandBook {
    try CommandBook(commands, front.secrets, transaction)
  }

  static func decide(
    _ command: Delivery<CampaignCommands>, _ book: inout CommandBook, _ now: Timestamp
  ) -> Decision<GivenCommand> {
    if let refusal = book.secrets.refusal(of: command) { return .reject(refusal) }
    guard let person = book.people[command.event.by] else {
      return .reject(Refusal("unknown-person", at: "by", "no person has this code"))
    }
    guard book.campaigns.contains(command.event.campaign) else {
      return .reject(Refusal("unknown-campaign", at: "campaign", "no campaign has this name"))
    }
    let isStale = command.happened < now.adding(seconds: -CommandSecrets.age)
    return .apply(GivenCommand(command, by: person, isStale: isStale), outcome: isStale ? "stale" : "taken")
  }

  static let writes: [Write<CommandBook, GivenCommand>] = [
    .each(
      { $0 },
      """
      select take_campaign_command(g.person, g.campaign, g.wanted, g.version, g.note, g.until, g.source, g.id, g.stale)
      from (
        select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
          $9::boolean[]) with ordinality a (person, campaign, wanted, version, note, until, source, id, stale, n)
        order by n) g
      """,
      touchesEach: false,
      .integer { $0.person }, .text { $0.command.campaign }, .text { $0.command.wanted.rawValue },
      .small { Int32(clamping: $0.command.version) }, .text { $0.command.note }, .timestamp { $0.command.until },
      .text { $0.source }, .text { $0.id }, .boolean { $0.isStale })
  ]
}

/// A command that its source has signed, for somebody there is, about a campaign there is.
struct GivenCommand: Sendable {
  let command: CampaignCommands
  let person: Int64
  let source: String
  let id: String
  /// Nothing comes of it, but that its source is told so.
  let isStale: Bool

  init(_ delivery: Delivery<CampaignCommands>, by person: Int64, isStale: Bool) {
    (command, source, id) = (delivery.event, delivery.source, delivery.id)
    (self.person, self.isStale) = (person, isStale)
  }
}

/// What a lane keeps between batches.
struct FrontEnds: LaneCache {
  let secrets: CommandSecrets

  init(secrets: CommandSecrets) { self.secrets = secrets }
  init(_ settings: Settings) { secrets = CommandSecrets(settings) }
}
