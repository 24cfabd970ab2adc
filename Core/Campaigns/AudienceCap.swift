internal import Postgres
internal import Templates

/// Who has had enough messages for a campaign's own bound.
extension AudienceSQL {
  /// A branch of a `case` on `x`, counted as claims count (`ClaimBook`): by the recipient's name and not by the address.
  mutating func appendIsCapped(_ channel: MessageChannel) {
    guard let cap = definition.cap else { return }
    let most = sql.place { $0.integer(Int64(cap.messages)) }
    sql.append(" when (select count(*) from (select from contact k where k.recipient = ")
    sql.append("coalesce('customer/' || x.customer, '+' || x.phone) and k.channel = ")
    sql.append { $0.text(channel.rawValue) }
    sql.append(" and k.purpose = ")
    sql.append { [word = definition.purpose.rawValue] in $0.text(word) }
    sql.append(" and k.at > statement_timestamp() - ")
    sql.append { $0.integer(cap.within.components.seconds) }
    sql.append(" * interval '1 second' limit ")
    sql.append(most)
    sql.append(") k) >= ")
    sql.append(most)
    sql.append(" then 'cap'")
  }
}
