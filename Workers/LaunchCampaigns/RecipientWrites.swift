import Contract

extension Write {
  /// Writes down where recipients stand now who had a row before. Their rows are locked.
  static func moving(
    _ recipients: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Recipient]
  ) -> Write {
    .total(
      recipients,
      """
      update campaign_recipient r set state = a.state, reason = a.reason, place = a.place, channel = a.channel,
        message_id = a.message, is_open = a.is_open, fallback_at = a.fallback_at, changed_at = clock_timestamp()
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::bigint[], $8::boolean[],
        $9::timestamptz[]) a (campaign, subject, state, reason, place, channel, message, is_open, fallback_at)
      where r.campaign_id = a.campaign and r.subject = a.subject
      """,
      .integer { $0.key.campaign }, .integer { $0.key.subject }, .text { $0.state.rawValue }, .text { $0.reason },
      .small { $0.place.map { Int32($0) } }, .text { $0.channel }, .integer { $0.message }, .boolean { $0.isOpen },
      .timestamp { $0.fallbackAt })
  }
}
