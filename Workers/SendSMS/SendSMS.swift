import Outreach
import Sending
import Topics

/// Takes requests for short messages into the ledger, and sends from it: once, to whom it may, when it may.
@main
struct SendSMS: SendingWorker {
  typealias Input = SMSRequested
  static let name = "send-sms"
  static let channel = Channel.sms
}
