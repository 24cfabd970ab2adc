internal import Contract
internal import Digest
internal import Gateways
internal import JSON
internal import Topics
internal import Values

/// An event as it goes to Kafka.
struct ReceivedEvent: Sendable {
  /// Whose it is; empty where no gateway tells it.
  let gateway: String
  let type: String
  let id: String
  let key: [UInt8]
  let value: [UInt8]
}

extension ReceivedEvent {
  /// - Parameter id: nil where nothing tells it from every other event.
  fileprivate init(_ event: OutreachReceipts, _ value: [UInt8], id: Fingerprint?) {
    let id = id ?? Fingerprint(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
    self.init(gateway: event.gateway, type: event.type, id: id.hex, key: Array(event.key.utf8), value: value)
  }

  /// What somebody did with a message: one more time, each time.
  init(_ message: Int64, _ kind: OutreachReceipts.Engagement.Kind, at: Timestamp) {
    let event = OutreachReceipts.engagement(.init(message: message, kind, at: at))
    self.init(event, JSONWriter.object { event.write(to: &$0) }, id: nil)
  }
}

/// What a call brought, as events. What could not be read by whoever takes it from the topic is passed over here, so that nothing waits
/// behind it.
struct ReceivedEvents: Sendable {
  private(set) var events: [ReceivedEvent] = []
  private(set) var passedOver: [Refusal] = []

  init() {}

  init(_ reading: CallBackReading, of gateway: String) {
    passedOver = reading.passedOver
    for receipt in reading.receipts {
      add(
        .receipt(
          OutreachReceipts.Receipt(
            gateway: gateway, messageID: receipt.id, reference: receipt.reference, .init(receipt.status),
            code: receipt.code.map { String($0.prefix(100)) }, part: receipt.part.map { Int32($0) })),
        id: [receipt.id, receipt.reference, receipt.status.rawValue, receipt.code, receipt.part.map(String.init)])
    }
    for message in reading.messages {
      add(
        .inbound(
          OutreachReceipts.Inbound(
            gateway: gateway, from: message.from, to: message.to, text: String(message.text.prefix(5000)))),
        id: message.id.map { [$0, message.from] })
    }
  }

  mutating func passOver(_ refusal: Refusal) { passedOver.append(refusal) }

  /// - Parameter parts: what tells it from every other event of its gateway, the same whenever the gateway calls with it; nil where
  ///   nothing does.
  mutating func add(_ event: OutreachReceipts, id parts: [String?]?) {
    let value = JSONWriter.object { event.write(to: &$0) }
    do throws(Refusal) {
      guard value.count <= OutreachReceipts.topic.largestValue else {
        throw Refusal("too-large", "at most \(OutreachReceipts.topic.largestValue) bytes are taken")
      }
      _ = try JSONTape().read(String(decoding: value, as: UTF8.self)) { data throws(Refusal) in
        try OutreachReceipts(type: event.type, reading: data)
      }
    } catch {
      passedOver.append(error)
      return
    }
    let id = parts.map { ReceivedEvents.fingerprint([event.type, event.gateway] + $0) }
    events.append(ReceivedEvent(event, value, id: id))
  }

  private static func fingerprint(_ parts: [String?]) -> Fingerprint {
    // Lengths keep one part from running into the next.
    let bytes = parts.flatMap { part in Array("\(part?.utf8.count ?? -1):\(part ?? "")".utf8) }
    return bytes.withUnsafeBytes { SHA256().fingerprint(of: $0) }
  }
}

extension OutreachReceipts {
  fileprivate var gateway: String {
    switch self {
    case .receipt(let receipt): receipt.gateway
    case .inbound(let inbound): inbound.gateway
    case .engagement: ""
    }
  }
}

extension OutreachReceipts.Status {
  fileprivate init(_ status: Receipt.Status) {
    switch status {
    case .accepted: self = .accepted
    case .buffered: self = .buffered
    case .delivered: self = .delivered
    case .failed: self = .failed
    }
  }
}

extension Fingerprint {
  /// 32 digits.
  fileprivate var hex: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
