import Outreach
import Sending
import Topics

/// Takes requests for faxes into the ledger, and sends from it: once, to whom it may, when it may.
@main
struct SendFax: SendingWorker {
  typealias Input = FaxRequested
  static let name = "send-fax"
  static let channel = Channel.fax
}
