internal import Mail
internal import Outreach
internal import Topics
internal import Values

/// What came back as a mail, as events.
extension ReceivedEvents {
  init(_ report: MailReport, returnedTo shelf: GatewayShelf) {
    self.init()
    switch report {
    case .delivery(let notices): for notice in notices { add(notice, shelf) }
    case .complaint(let complaint):
      if let message = ReceivedEvents.message(complaint.reference) {
        add(.engagement(.init(message: message, .complained(complaint.kind))), id: ["\(message)", complaint.kind])
      } else {
        passOver(ReceivedEvents.unmarked)
      }
    // Nobody here reads what people answer to a bounce address.
    case .answer: break
    case .unreadable(let refusal): passOver(refusal)
    }
  }

  private mutating func add(_ notice: DeliveryNotice, _ shelf: GatewayShelf) {
    guard let reference = notice.reference.flatMap({ MessageReference($0) }) else {
      return passOver(ReceivedEvents.unmarked)
    }
    guard let gateway = shelf.mailGateway(bouncingTo: notice.address) else {
      return passOver(Refusal("unknown-gateway", at: "to", "no gateway for mails is described"))
    }
    let status = notice.action.status
    add(
      .receipt(
        .init(
          gateway: gateway, reference: reference.description, status, code: notice.status,
          detail: notice.diagnostic.flatMap { $0.isEmpty ? nil : $0 })),
      id: [reference.description, status.rawValue, notice.status])
  }

  private static let unmarked = Refusal("missing", at: "to", "it bears no mark of ours")

  /// Of `m12.1`, or of a link's `m12`.
  private static func message(_ reference: String?) -> Int64? {
    guard let reference else { return nil }
    let number = reference.prefix { $0 != "." }
    guard let message = Int64(number.dropFirst()), message > 0, "m\(message)" == number else { return nil }
    return message
  }
}

extension DeliveryNotice.Action {
  fileprivate var status: OutreachReceipts.Status {
    switch self {
    case .failed: .failed
    case .delayed: .buffered
    case .delivered: .delivered
    // To where nobody tells any more of it.
    case .relayed, .expanded: .accepted
    }
  }
}
