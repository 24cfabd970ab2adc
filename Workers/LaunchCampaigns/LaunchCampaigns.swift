import Contract
import Outreach
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Does all of a campaign that is to be done by nobody in particular: works out what it would do, begins and ends it, writes to its
/// people, and follows what becomes of each.
@main
struct LaunchCampaigns: Worker {
  typealias Input = OutreachOutcomes
  typealias Reading = OutcomeReading
  static let name = "launch-campaigns"
  static var settings: SettingGroup? { .launching }
  static var sweeps: [any Sweep.Type] {
    [
      MakePreviews.self, TendCampaigns.self, MakeOccasions.self, ExpandCampaigns.self, SpreadChanges.self,
      JoinCampaigns.self, FallBack.self, WithdrawMessages.self, ReleaseRecipients.self, TendTasks.self,
    ]
  }

  static func reader(_ settings: Settings) -> (OutreachOutcomes, Timestamp) -> OutcomeReading {
    { told, _ in OutcomeReading(told) }
  }

  static func load(
    _ outcomes: [Delivery<OutcomeReading>], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> RecipientBook {
    try RecipientBook(outcomes.map(\.event), &memory, transaction)
  }

  static func decide(
    _ outcome: Delivery<OutcomeReading>, _ book: inout RecipientBook, _ now: Timestamp
  ) -> Decision<OutcomeChange> { book.hear(outcome.event) }

  static let writes: [Write<RecipientBook, OutcomeChange>] =
    [
      .total(
        { _, changes in Tally.all(changes) },
        """
        update campaign c set complaints = c.complaints + a.complaints, unsubscribes = c.unsubscribes + a.unsubscribes
        from unnest($1::bigint[], $2::bigint[], $3::bigint[]) a (id, complaints, unsubscribes)
        where c.id = a.id
        """,
        .integer { $0.campaign }, .integer { $0.complaints }, .integer { $0.unsubscribes }),
      .moving { book, _ in book.changed },
    ] + Write.counting { book, _ in book.counts }

  /// How many of a campaign's people have said what.
  private struct Tally {
    let campaign: Int64
    let complaints: Int64
    let unsubscribes: Int64

    static func all(_ changes: ArraySlice<OutcomeChange>) -> [Tally] {
      Dictionary(grouping: changes.filter { $0.said != nil }, by: \.campaign).map { campaign, changes in
        let complaints = changes.count { $0.said == .complained }
        return Tally(
          campaign: campaign, complaints: Int64(complaints), unsubscribes: Int64(changes.count - complaints))
      }.sorted { $0.campaign < $1.campaign }
    }
  }
}

extension SettingGroup {
  /// Links are what messages are made with, as those of `outreach.*` are.
  fileprivate static let launching = SettingGroup(
    "Campaigns", Setting.expandingLanes, Setting.linkURL, Setting.linkSecret, Setting.formerLinkSecret)
}

extension Setting<Int> {
  static var expandingLanes: Setting {
    Setting(
      "EXPANDING_LANES", .integer(1...16), default: 2,
      "lanes that write to the people of campaigns, each one thread with one database session")
  }
}
