public import Gateways
public import Values

/// A call to a gateway that was begun for a claimed message, or was to be begun, and how it ended.
public struct EndedCall: Sendable {
  public enum Ending: Sendable {
    /// The gateway has it, under these ids of its own.
    case accepted(ids: [String], cost: Money?)
    /// The gateway has proved not to have it.
    case refused(Refused)
    /// Nothing of it has left: no connection came about.
    case notSent(code: String, String)
    /// Nobody knows.
    case unknown(String)
    /// It was not even tried: its moment had passed, or the lane was asked to end.
    case given(back: Reason)
  }

  public let message: DueMessage
  public let ending: Ending
  /// What the gateway said has been left out already.
  public private(set) var isUnstorable = false
  /// Where it may be tried again.
  public let next: Next?

  public struct Next: Sendable, Equatable {
    public let gateway: String
    /// From now on.
    public let wait: Duration

    public init(gateway: String, wait: Duration) {
      self.gateway = gateway
      self.wait = wait
    }
  }

  public init(_ message: DueMessage, _ ending: Ending, next: Next? = nil) {
    self.message = message
    self.ending = ending
    self.next = next
  }

  /// The attempt that it was, as its claim has counted it.
  public var attempt: Int32 { message.attempt + 1 }

  /// The same without what the gateway said, which the database refuses.
  public func unstorable(_ code: String) -> EndedCall {
    var call = EndedCall(message, .unknown("what came of it cannot be stored: \(code)"))
    call.isUnstorable = true
    return call
  }

  var ids: [String] { if case .accepted(let ids, _) = ending { ids } else { [] } }
}

/// Where a message may be tried again after a gateway has proved not to have it.
public struct Retry: Sendable {
  private let gateways: GatewayBook

  public init(_ gateways: GatewayBook) { self.gateways = gateways }

  /// Another gateway at once, where one serves such messages and has not refused this one; else the same after a while that grows from
  /// attempt to attempt, with jitter; nil once that was tried often enough, or where trying again is no use.
  /// - Parameters:
  ///   - isOpen: gateways that take no calls at the moment.
  ///   - chance: 0..<1; asked for where there is a next time.
  public func next(
    _ message: DueMessage, _ ending: EndedCall.Ending, isOpen: (String) -> Bool, chance: @autoclosure () -> Double
  ) -> EndedCall.Next? {
    var isBounded = false
    var asked: Duration?
    switch ending {
    case .accepted, .unknown: return nil
    case .given: return EndedCall.Next(gateway: message.gateway, wait: .zero)
    case .refused(let refused):
      switch refused.kind {
      case .gone, .recipient, .message: return nil
      case .busy, .later: (isBounded, asked) = (true, refused.retryAfter)
      case .gateway: break
      }
    case .notSent: break
    }
    let currency = gateways[message.gateway]?.description.price?.currency
    let others =
      message.isPinned
      ? []
      : gateways.candidates(message.country, message.purpose).filter {
        $0.name != message.gateway && !message.refusedBy.contains($0.name) && $0.isEnabled && !isOpen($0.name)
          // What a budget pays has to have its price, and in the budget's currency.
          && (message.budget == nil || $0.description.price?.currency == currency)
      }
    if let other = others.first { return EndedCall.Next(gateway: other.name, wait: .zero) }
    guard let retries = gateways[message.gateway]?.description.retries else { return nil }
    // Claims that came to no call count for nothing.
    let refusals = message.refusedBy.count { $0 == message.gateway }
    guard !isBounded || refusals + 1 < retries.times else { return nil }
    let before = if case .notSent = ending { Int(message.attempt) } else { refusals }
    let grown = retries.first * Double(1 << min(before, 20))
    let wait = min(retries.most, grown) * (0.5 + chance() / 2)
    return EndedCall.Next(gateway: message.gateway, wait: max(wait, asked ?? .zero))
  }
}
