import Contract

extension Write {
  /// Whom an occasion has written to last.
  static func remembering(_ key: @escaping @Sendable (Change) -> Recipient.Key?) -> Write {
    .each(
      key,
      """
      insert into occasion_memory (plan_id, subject, campaign_id, at)
      select c.parent_id, a.subject, c.id, c.starts_at
      from unnest($1::bigint[], $2::bigint[]) a (campaign, subject) join campaign c on c.id = a.campaign
      on conflict (plan_id, subject) do update set campaign_id = excluded.campaign_id, at = excluded.at
      """,
      .integer { $0.campaign }, .integer { $0.subject })
  }
}
