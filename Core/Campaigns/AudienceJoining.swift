internal import Postgres

/// Addresses of those who join a campaign.
extension AudienceSQL {
  /// Whether the address of `x` is somebody's already: of whoever has had the campaign there, is left alone for comparison, or joins at
  /// the same time with a lower number. A condition on `x`, beside `page`.
  mutating func appendIsTaken(in campaign: Int64) {
    let campaign = sql.place { $0.integer(campaign) }
    func append(_ parts: StaticString...) {
      for (number, part) in parts.enumerated() {
        if number > 0 { sql.append(campaign) }
        sql.append(part)
      }
    }
    append(
      "x.place is not null and (exists (select from message m where m.phone = x.told_phone and m.campaign_id = ", ")")
    append(" or exists (select from message m where m.email = x.told_email and m.campaign_id = ", ")")
    append(
      " or exists (select from customer_phone k join campaign_recipient r on r.campaign_id = ",
      " and r.subject = k.customer_id and r.state = 'held-out' where k.phone = x.told_phone)")
    append(
      " or exists (select from customer m join campaign_recipient r on r.campaign_id = ",
      " and r.subject = m.id and r.state = 'held-out' where lower(m.email) = x.told_email)")
    append(
      " or exists (select from page g where g.place is not null and g.told_phone = x.told_phone and g.subject < x.subject)"
    )
    append(
      " or exists (select from page g where g.place is not null and g.told_email = x.told_email and g.subject < x.subject))"
    )
  }
}
