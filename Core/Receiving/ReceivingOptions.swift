internal import Mail
internal import Outreach
internal import Settings

extension Setting<String> {
  static var receiptsAddress: Setting {
    Setting(
      "RECEIPTS_ADDRESS", .text, default: "127.0.0.1",
      "address that gateways, or the proxy with the certificate before it, call back")
  }
}

extension Setting<String?> {
  static var bounces: Setting {
    Setting(
      "BOUNCES", .optional(.text), default: nil,
      "folder (a Maildir) that bounces and complaints are delivered to; needs LINK_URL and LINK_SECRET")
  }
}

extension Setting<Int> {
  static var receiptsPort: Setting {
    Setting("RECEIPTS_PORT", .port, default: 0, "port of the same; 0 takes a free one and logs it")
  }
  static var receiptsCalls: Setting {
    Setting(
      "RECEIPTS_CALLS", .integer(1...4096), default: 512, "connections at a time; more are turned away with a 503")
  }
  static var receiptsBody: Setting {
    Setting("RECEIPTS_BODY", .byteSize(1024...4 << 20), default: 256 << 10, "largest body of a call")
  }
}

extension Setting<Duration> {
  static var receiptsWithin: Setting {
    Setting(
      "RECEIPTS_WITHIN", .duration(.milliseconds(200)...(.seconds(60))), default: .seconds(4),
      "how long a call waits for Kafka to take what it brought; then it is a 503, and the gateway calls again")
  }
}

/// What the receiver is told from outside, and bounds that nobody needs to set.
struct ReceivingOptions: Sendable {
  var address = "127.0.0.1"
  var port = 0
  var calls = 512
  var bodyBytes = 256 << 10
  var within: Duration = .seconds(4)
  /// How it is reached from outside, without a slash at its end.
  var base = ""
  var secrets: [String: String] = [:]
  /// What tells our links and bounce addresses from anybody else's; nil where there are none.
  var marks: MessageMarks?
  /// How people reach the links.
  var linkBase = ""
  /// Where bounces and complaints are delivered to.
  var bounces: Maildir?

  /// An answer of ten parts in a query, each of its characters nine bytes, is six thousand bytes.
  static let headBytes = 16 << 10
  /// Receipts and answers in one call; more are refused.
  static let mostInCall = 1_000
  /// Events that the broker has not got yet; beyond, calls are turned away.
  static let mostWaiting = 10_000

  static let group = SettingGroup(
    "Receiving", Setting.receiptsAddress, Setting.receiptsPort, Setting.callBackURL, Setting.gatewaySecrets,
    Setting.receiptsCalls, Setting.receiptsBody, Setting.receiptsWithin, Setting.bounces)

  init() {}

  init(_ settings: Settings) {
    address = settings[.receiptsAddress]
    port = settings[.receiptsPort]
    calls = settings[.receiptsCalls]
    bodyBytes = settings[.receiptsBody]
    within = settings[.receiptsWithin]
    base = settings[.callBackURL].map { String($0.reversed().drop { $0 == "/" }.reversed()) } ?? ""
    secrets = GatewaySecrets.read(settings[.gatewaySecrets])
    let links = Links(settings)
    marks = links?.marks
    linkBase = links?.base ?? ""
    bounces = settings[.bounces].map { Maildir(path: $0) }
  }

  /// The paths of the base addresses: a proxy may leave them in what it passes on.
  var basePath: Substring { ReceivingOptions.path(of: base) }
  var linkPath: Substring { ReceivingOptions.path(of: linkBase) }

  private static func path(of base: String) -> Substring {
    guard let scheme = base.range(of: "://") else { return "" }
    let rest = base[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { rest[$0...] } ?? ""
  }
}

extension String {
  fileprivate func range(of text: String) -> Range<Index>? { ranges(of: text).first }
}
