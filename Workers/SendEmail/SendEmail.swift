import Outreach
import Sending
import Topics

/// Takes requests for e-mails into the ledger, and sends from it: once, to whom it may, when it may.
@main
struct SendEmail: SendingWorker {
  typealias Input = EmailRequested
  static let name = "send-email"
  static let channel = Channel.email
}
