internal import Campaigns
internal import Postgres
internal import Printing
internal import Values

/// What a campaign stands on while it runs: its gateways, its budget, its bounds. Nothing here is counted from messages.
struct CampaignHealth {
  struct Gateway {
    let name: String
    let channel: String
    let isEnabled: Bool
    /// When a call last failed, within the last hour, and how.
    let failedAt: Timestamp?
    let failure: String?
  }

  struct Budget {
    let name: String
    let spent: Money
    /// nil: without bound.
    let left: Money?
  }

  let gateways: [Gateway]
  let budget: Budget?
  let targetReach: Int64?
  let pauseAt: CampaignDefinition.PauseAt?
  /// Their names, by their place.
  let variants: [String]

  init(_ definition: CampaignDefinition, _ gateways: [Gateway], _ budget: Budget?) {
    (self.gateways, self.budget) = (gateways, budget)
    (targetReach, pauseAt) = (definition.targets.reach.map { Int64($0) }, definition.pauseAt)
    variants = definition.variants.map(\.name)
  }

  /// Those that may carry its messages, while it is under way.
  static func gateways(_ campaign: StoredCampaign, _ definition: CampaignDefinition) -> Question<[Gateway]> {
    guard campaign.launchedAt != nil, !campaign.isOver else { return Question(known: []) }
    let messages = definition.channels.filter { $0.channel.message != nil }
    return Question(
      """
      select g.name, g.channel, g.enabled, e.ended_at, concat_ws(': ', e.code, e.detail)
      from unnest($1::text[], $2::text[]) u (channel, name)
      join gateway g on g.channel = u.channel and (u.name is null or g.name = u.name)
      left join lateral (
        select a.ended_at, a.code, a.detail from message_attempt a
        where a.gateway = g.name and a.ended_at > clock_timestamp() - interval '1 hour' order by a.ended_at desc limit 1) e on true
      where u.name is not null or g.purposes is null or $3 = any(g.purposes)
      order by g.channel, g.place, g.name
      """
    ) {
      $0.texts(messages) { $0.channel.rawValue }
      $0.texts(messages) { $0.gateway }
      $0.text(definition.purpose.rawValue)
    } reading: {
      $0.map {
        Gateway(
          name: $0.text(0), channel: $0.text(1), isEnabled: $0.boolean(2), failedAt: $0.optionalTimestamp(3),
          failure: $0.optionalTimestamp(3) == nil ? nil : $0.text(4))
      }
    }
  }

  static func budget(_ definition: CampaignDefinition) -> Question<Budget?> {
    guard let name = definition.budget else { return Question(known: nil) }
    return Question("select spent::text, (most - spent - reserved)::text, currency from budget where name = $1") {
      $0.text(name)
    } reading: { rows in
      guard let row = rows.first, let spent = Money(row.text(0), row.text(2)) else { return nil }
      return Budget(name: name, spent: spent, left: row.optionalText(1).flatMap { Money($0, row.text(2)) })
    }
  }

  var table: Table {
    var table = Table(.left("gateway"), .left("channel"), .left("state"), .left("lastErrorAt"), .left("lastError"))
    for gateway in gateways {
      table.add(
        .text(gateway.name), .text(gateway.channel), .text(gateway.isEnabled ? "enabled" : "disabled"),
        .time(optional: gateway.failedAt), .text(optional: gateway.failure))
    }
    return table
  }

  func warnings(_ progress: CampaignProgress, _ campaign: StoredCampaign) -> [String] {
    var all: [String] = []
    for (channel, gateways) in Dictionary(grouping: gateways, by: \.channel).sorted(by: { $0.key < $1.key })
    where gateways.allSatisfy({ !$0.isEnabled }) {
      all.append("no gateway that may carry it by \(channel) is enabled: `millrace outreach gateways list`.")
    }
    if let budget, let left = budget.left, left.tenThousandths <= 0, progress.left > 0 {
      all.append("its budget \(budget.name) is spent: `millrace outreach budget set` gives it more.")
    }
    let overdue = progress.sum { $0 == "overdue" }
    if overdue > 0 {
      all.append(
        "\(grouped(overdue)) \(overdue == 1 ? "task is" : "tasks are") overdue: `millrace tasks list --all --campaign "
          + "\(campaign.name) --state overdue`.")
    }
    let sent = progress.sum { ["accepted", "delivered", "uncertain", "failed"].contains($0) }
    if let pauseAt, sent >= Int64(pauseAt.after) {
      func near(_ what: String, _ part: Int64, _ bound: Percentage?) {
        // From half of it on.
        guard let bound, Percentage(hundredths: bound.hundredths / 2).isPassed(by: part, of: sent) else { return }
        all.append("\(what) are \(percent(part, of: sent)) of what was sent; at more than \(bound) it pauses itself.")
      }
      near("failures", progress.sum { $0 == "failed" }, pauseAt.failures)
      near("complaints", campaign.complaints, pauseAt.complaints)
    }
    return all
  }
}
