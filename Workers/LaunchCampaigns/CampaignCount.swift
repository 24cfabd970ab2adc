import Contract
import Runtime

/// How many of a campaign's recipients stand where, as `campaign_count` has it: always what counting them would give.
struct CampaignCount: Hashable, Comparable, Sendable {
  let campaign: Int64
  let variant: Int32
  /// Empty where there is none, as is `reason`.
  let channel: String
  let state: String
  let reason: String

  init(_ recipient: Recipient) {
    (campaign, variant) = (recipient.key.campaign, recipient.variant)
    channel = recipient.channel ?? ""
    state = recipient.state.rawValue
    reason = recipient.reason ?? ""
  }

  /// In the order of the table's key, so that two lanes lock alike.
  static func < (a: CampaignCount, b: CampaignCount) -> Bool {
    (a.campaign, a.variant, a.channel, a.state, a.reason) < (b.campaign, b.variant, b.channel, b.state, b.reason)
  }

  /// By how much a count changes.
  struct Change: Sendable, Equatable {
    let count: CampaignCount
    let by: Int64
  }

  /// What it comes to that recipients stood there (nil of a new one) and stand here now; sorted.
  static func changes(_ recipients: some Sequence<(before: Recipient?, now: Recipient)>) -> [Change] {
    var changes: [CampaignCount: Int64] = [:]
    for (before, now) in recipients {
      if let before, !Sabotage.miscountCampaign.isOn { changes[CampaignCount(before), default: 0] -= 1 }
      changes[CampaignCount(now), default: 0] += 1
    }
    return changes.filter { $0.value != 0 }.map { Change(count: $0.key, by: $0.value) }.sorted { $0.count < $1.count }
  }
}

extension Write {
  /// Last of what a transaction locks: these rows are wanted by all that goes on in a campaign. Sorted, and rows that are missing are
  /// made before any is locked for change.
  static func counting(
    _ changes: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [CampaignCount.Change]
  ) -> [Write] {
    [
      .total(
        changes,
        """
        insert into campaign_count (campaign_id, variant, channel, state, reason, recipients)
        select *, 0 from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[])
        on conflict do nothing
        """,
        touchesEach: false,
        .integer { $0.count.campaign }, .small { $0.count.variant }, .text { $0.count.channel },
        .text { $0.count.state }, .text { $0.count.reason }),
      .total(
        changes,
        """
        with locked as materialized (
          select k.campaign_id, k.variant, k.channel, k.state, k.reason, a.change
          from campaign_count k
          join unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])
            with ordinality a (campaign_id, variant, channel, state, reason, change, n) on k.campaign_id = a.campaign_id and k.variant = a.variant and k.channel = a.channel
            and k.state = a.state and k.reason = a.reason
          order by a.n for update of k)
        update campaign_count k set recipients = k.recipients + l.change
        from locked l
        where k.campaign_id = l.campaign_id and k.variant = l.variant and k.channel = l.channel and k.state = l.state
          and k.reason = l.reason
        """,
        .integer { $0.count.campaign }, .small { $0.count.variant }, .text { $0.count.channel },
        .text { $0.count.state }, .text { $0.count.reason }, .integer { $0.by }),
    ]
  }
}
