import Contract
import Outreach
import PhoneNumbers
import Postgres
import Sending
import Settings
import Topics
import Values

/// Takes requests for short messages into the ledger, and sends from it: once, to whom it may, when it may.
@main
struct SendSMS: SendingWorker {
  typealias Input = SMSRequested
  typealias Reading = SMSReading
  static let name = "send-sms"
  static let channel = Channel.sms

  static func reader(_ settings: Settings) -> (SMSRequested, Timestamp) -> SMSReading {
    { event, _ in SMSReading(event) }
  }

  static func load(
    _ events: [Delivery<SMSReading>], _ memory: inout IntakeMemory, _ transaction: Transaction
  ) throws(PostgresError) -> MessageIntake {
    try MessageIntake(events.compactMap { $0.event.request($0) }, channel, &memory, transaction)
  }

  static func decide(
    _ event: Delivery<SMSReading>, _ intake: inout MessageIntake, _ now: Timestamp
  ) -> Decision<NewMessage> {
    if let refusal = event.event.refusal { return .reject(refusal) }
    guard let request = event.event.request(event) else { return .ignore("unread") }
    return intake.compose(request, channel, now)
  }

  static let writes = Write<MessageIntake, NewMessage>.addingMessages
}
