public import ServiceLog
public import Values

extension ServiceAction {
  /// Somebody was sent a message: written once, by whoever finds out that a gateway has it. nil where the message is to nobody of whom
  /// the service log tells.
  public static func messaged(
    lead: Int64?, customer: String?, _ channel: String, _ purpose: Purpose, source: String, event: String, at: Timestamp
  ) -> ServiceAction? {
    let subject = lead.map { Subject.lead($0) } ?? customer.map { .customer($0) }
    return subject.map {
      ServiceAction(
        "messaged", to: $0, at: at, by: .worker, authority: purpose.rawValue, outcome: "accepted", detail: channel,
        source: source, event: event)
    }
  }
}
