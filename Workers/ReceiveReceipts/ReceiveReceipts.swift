internal import Receiving

/// `receive-receipts`: what gateways call back. All of it is in Core/Receiving.
@main struct ReceiveReceipts {
  static func main() { Receiving.main() }
}
