import Contract
import Outreach
import Postgres
import Topics
import Values

/// What recipients do with messages: counted, told the first time, and heeded where they want no more.
extension ReceiptBook {
  static func engagements(_ ids: [Int64]) -> Question<Set<EngagementKey>> {
    Question("select message_id, kind, link, agent from engagement where message_id = any($1)") {
      $0.integers(ids) { $0 }
    } reading: { rows in
      Set(
        rows.compactMap { row in
          guard let kind = OutreachOutcomes.Step(rawValue: row.text(1)),
            let agent = OutreachReceipts.Engagement.Agent(rawValue: row.text(3))
          else { return nil }
          return EngagementKey(message: row.integer(0), kind: kind, link: row.fingerprint(2), agent: agent)
        })
    }
  }

  mutating func engage(_ engaged: ReceiptReading.Engaged) -> Decision<ReceiptChange> {
    guard let message = messages[engaged.key.message] else {
      return .reject(Refusal("unknown-message", at: "message", "the ledger has no message of this number"))
    }
    // Nobody's any more.
    guard let address = message.address else { return .ignore("erased") }
    let news = engagements.note(engaged.key)
    var change = ReceiptChange()
    if let reason = ReceiptBook.suppressing(engaged.key.kind) {
      // Whatever was said before: somebody may have lifted it since.
      change.suppression = ReceiptChange.Suppression(
        channel: message.channel, address: address, reason: reason, detail: "message \(message.id)")
      guard news.isFirst else { return .apply(change, outcome: "repeated") }
    }
    change.engaged = engaged
    return .apply(
      change, emit: ReceiptBook.told(engaged, of: message, news), outcome: ReceiptBook.word(engaged.key.kind))
  }

  /// What somebody writes back is kept; and it is something that they did with the message that they answer.
  mutating func hear(_ told: ReceiptReading.Answer, _ now: Timestamp) -> Decision<ReceiptChange> {
    var answer = told
    answer.message = answered[AnswerKey(told)]
    let taken: Decision<ReceiptChange> =
      answer.isOptOut
      ? confirmations.settle(answer, now) : .apply(ReceiptChange(answer: answer), outcome: "answer")
    guard case .apply(var change, var emissions, let outcome) = taken,
      let message = answer.message.flatMap({ messages[$0] }), message.address != nil
    else { return taken }
    let engaged = ReceiptReading.Engaged(answering: message.id, answer)
    change.engaged = engaged
    emissions += ReceiptBook.told(engaged, of: message, engagements.note(engaged.key))
    return .apply(change, emit: emissions, outcome: outcome)
  }

  private static func told(
    _ engaged: ReceiptReading.Engaged, of message: Message, _ news: Engagements.News
  ) -> [Emission] {
    guard news.isFirst else { return [] }
    let outcome = OutreachOutcomes(
      id: message.id, engaged.key.kind, channel: message.channel, purpose: message.purpose, reason: engaged.way,
      source: message.source, request: message.event, gateway: message.gateway,
      url: engaged.url.isEmpty ? nil : engaged.url, machine: isMachine(engaged.key),
      firstResponse: news.isFirstResponse ? true : nil, at: engaged.at)
    return [Emission(outcome)]
  }

  private static func isMachine(_ key: EngagementKey) -> Bool? {
    guard key.kind == .opened || key.kind == .clicked else { return nil }
    return switch key.agent {
    case .person: false
    case .machine: true
    case .unknown: nil
    }
  }

  private static func suppressing(_ kind: OutreachOutcomes.Step) -> String? {
    switch kind {
    case .unsubscribed: "opted-out"
    case .complained: "complained"
    default: nil
    }
  }

  private static func word(_ kind: OutreachOutcomes.Step) -> StaticString {
    switch kind {
    case .opened: "opened"
    case .clicked: "clicked"
    case .replied: "replied"
    case .unsubscribed: "unsubscribed"
    default: "complained"
    }
  }
}
