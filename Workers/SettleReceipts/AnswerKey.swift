import Outreach
import Postgres
import Values

/// What tells to which message an answer is: nothing in it does, so it is to the one that went to its phone last.
struct AnswerKey: Hashable {
  let gateway: String
  let phone: Int64
  let at: Timestamp

  init(_ answer: ReceiptReading.Answer) { (gateway, phone, at) = (answer.gateway, answer.phone, answer.at) }

  /// Seconds after which nobody answers any more, and by which a gateway's clock may be behind ours.
  private static let (within, skew): (Int64, Int64) = (7 * 86_400, 300)

  /// Of those that the gateway has carried that the answer came to, where there are any.
  static func messages(_ answers: [AnswerKey]) -> Question<[AnswerKey: Int64]> {
    guard !answers.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select u.n, k.id
      from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
        with ordinality u (gateway, phone, earliest, latest, n)
      cross join lateral (
        select m.id from message m cross join lateral (select coalesce(m.accepted_at, m.claimed_at) as at) s
        where m.phone = u.phone and m.channel = 'sms' and m.state in ('sending', 'accepted', 'uncertain', 'delivered')
          and s.at between u.earliest and u.latest
        order by m.gateway = u.gateway desc, s.at desc, m.id desc limit 1) k
      """
    ) {
      $0.texts(answers) { $0.gateway }
      $0.integers(answers) { $0.phone }
      $0.timestamps(answers) { $0.at.adding(seconds: -within) }
      $0.timestamps(answers) { $0.at.adding(seconds: skew) }
    } reading: { rows in
      Dictionary(rows.map { (answers[Int($0.integer(0)) - 1], $0.integer(1)) }) { one, _ in one }
    }
  }
}

extension ReceiptReading.Engaged {
  /// Whoever wants no more has answered as well, but that is what counts.
  init(answering message: Int64, _ answer: ReceiptReading.Answer) {
    self.init(
      key: EngagementKey(
        message: message, kind: answer.isOptOut ? .unsubscribed : .replied, link: EngagementKey.noLink, agent: .person),
      url: "", way: answer.isOptOut ? "reply" : nil, at: answer.at)
  }
}
