/// Gateways as data: a description says how one wants to be asked and how it answers, and this room does what it says.
///
/// What holds here:
/// - Everything is a function of values: no clock, no randomness, no environment, no I/O.
/// - All that can be wrong with a description is refused when it is read, with the field's path.
/// - A value of an order never becomes anything but a value: it is percent-encoded in addresses, queries and forms, stays a
///   text in JSON until the whole is written, and is refused where it cannot stand.
/// - Only what the description calls proof is a verdict: an answer that it says nothing of is `uncertain`.
/// - Any bytes of an answer or a call-back are read without a trap, in time linear in them.
/// - A secret stands in requests alone, never in a verdict or a refusal.
public import Fax
public import HTTP
public import JSON
public import Templates
public import Values

/// One gateway, as a file describes it (`ops/gateways/README.md` has the fields).
public struct GatewayDescription: Sendable {
  public enum Purpose: String, Sendable, CaseIterable { case transactional, service, marketing }

  /// How often the same message may be tried again with this gateway after it was `busy`.
  public struct Retries: Sendable, Hashable {
    /// Before the second time; doubled from time to time.
    public let first: Duration
    public let most: Duration
    /// Zero is never.
    public let times: Int
  }

  /// Small letters, digits and dashes: it stands in paths, labels and rows.
  public let name: String
  public let channel: MessageChannel
  /// Gateways are tried in this order, the lowest first.
  public let place: Int
  /// ISO 3166-1 alpha-2; nil is everywhere.
  public let countries: Set<String>?
  /// nil is all.
  public let purposes: Set<Purpose>?
  /// Calls that one process has under way at most.
  public let concurrency: Int
  /// Calls that all processes together begin within a second; nil is as many as there are.
  public let rate: Int?
  public let limits: HTTPLimits
  public let retries: Retries
  /// Of one part; nil is unknown.
  public let price: Money?
  /// Of a channel fax: what its pages look like.
  public let fax: FaxPages?
  /// How it is spoken to.
  public let way: Way

  public enum Way: Sendable {
    case http(HTTPGateway)
    case mail(MailGateway)
    case hylafax(HylaFAXGateway)
  }

  public init(reading object: JSONObject) throws(Refusal) {
    name = try GatewayDescription.name(of: object)
    channel = try object.choice("channel")
    try GatewayDescription.readSource(of: object)
    place = Int(try object.optionalInteger("place", 1...1_000_000) ?? 100)
    countries = try GatewayDescription.countries(of: object)
    purposes = try GatewayDescription.purposes(of: object)
    // A fax costs a few programs, each with a processor to itself for a moment.
    concurrency = Int(
      try object.optionalInteger("concurrency", channel == .fax ? 1...64 : 1...10_000) ?? (channel == .fax ? 4 : 50))
    rate = try object.optionalInteger("rate", 1...1_000_000).map { Int($0) }
    guard channel != .fax || rate == nil else {
      throw Refusal(
        "contradiction", at: object.path("rate"),
        "when a fax is laid out nobody knows beforehand: concurrency bounds them")
    }
    limits = try GatewayDescription.limits(of: object)
    retries = try GatewayDescription.retries(of: object, channel)
    price = try object.optionalMoney("price")
    let constants = try GatewayDescription.constants(of: object)
    switch channel {
    case .sms:
      fax = nil
      way = .http(try HTTPGateway(object, named: name, constants, beside: GatewayDescription.common))
    case .email:
      fax = nil
      way = .mail(try MailGateway(object, constants, beside: GatewayDescription.common))
    case .fax:
      fax = try FaxPages(object)
      way = try GatewayDescription.fax(object, named: name, constants)
    }
  }

  /// Fields that gateways of every kind have.
  private static let common: [StaticString] = [
    "name", "channel", "source", "notes", "place", "countries", "purposes", "concurrency", "rate", "limits", "retries",
    "price", "constants",
  ]

  /// A fax goes through HylaFAX, as a mail to a service that faxes it, or by HTTP.
  private static func fax(
    _ object: JSONObject, named name: String, _ constants: [String: String]
  ) throws(Refusal) -> Way {
    let known = common + ["cover", "paper"]
    if object.names.contains("hylafax") {
      return .hylafax(try HylaFAXGateway(object, named: name, constants, beside: known))
    }
    if object.names.contains("smtp") { return .mail(try MailGateway(object, constants, beside: known, isOfFax: true)) }
    return .http(try HTTPGateway(object, named: name, constants, beside: known))
  }

  public var http: HTTPGateway? { if case .http(let gateway) = way { gateway } else { nil } }
  public var mail: MailGateway? { if case .mail(let gateway) = way { gateway } else { nil } }
  public var hylafax: HylaFAXGateway? { if case .hylafax(let gateway) = way { gateway } else { nil } }

  /// By name, as the last part of the path that the gateway calls.
  public var callBacks: [String: CallBackDescription] { http?.callBacks ?? hylafax?.callBacks ?? [:] }

  /// All that the description asks for; without one of them no request can be built.
  public var secrets: Set<String> {
    switch way {
    case .http(let gateway): gateway.secrets
    case .mail(let gateway): gateway.secrets
    case .hylafax(let gateway): gateway.secrets
    }
  }

  /// Whether messages of this kind may go through it.
  public func serves(country: String?, purpose: Purpose) -> Bool {
    let servesThere = countries.map { countries in country.map { countries.contains($0) } ?? false } ?? true
    return servesThere && purposes?.contains(purpose) ?? true
  }
}

extension GatewayDescription {
  fileprivate static func name(of object: JSONObject) throws(Refusal) -> String {
    let name = try object.text("name", 1...40)
    let isFit = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    guard isFit, name.utf8.first != UInt8(ascii: "-") else {
      throw Refusal(
        "not-a-name", at: object.path("name"), "small letters, digits and dashes were expected, as in kannel-2")
    }
    return name
  }

  /// Which page the description was made from: for people, and kept with it.
  fileprivate static func readSource(of object: JSONObject) throws(Refusal) {
    _ = try object.texts("notes", atMost: 40, 1...1000)
    for row in try object.objects("source", atMost: 20) {
      try row.refuseOthers("page", "read")
      _ = try row.text("page", 1...500)
      _ = try row.text("read", 10...10)
    }
  }

  fileprivate static func countries(of object: JSONObject) throws(Refusal) -> Set<String>? {
    let countries = try object.texts("countries", atMost: 300, 2...2)
    for (index, country) in countries.enumerated() where !country.utf8.allSatisfy({ (65...90).contains($0) }) {
      throw Refusal(
        "not-a-country", at: "\(object.path("countries"))[\(index)]", "two capital letters of ISO 3166-1 were expected")
    }
    return countries.isEmpty ? nil : Set(countries)
  }

  fileprivate static func purposes(of object: JSONObject) throws(Refusal) -> Set<Purpose>? {
    var purposes: Set<Purpose> = []
    for (index, word) in try object.texts("purposes", atMost: 3).enumerated() {
      guard let purpose = Purpose(rawValue: word) else {
        throw Refusal(
          "unknown-word", at: "\(object.path("purposes"))[\(index)]",
          "one of these was expected: \(Purpose.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      purposes.insert(purpose)
    }
    return purposes.isEmpty ? nil : purposes
  }

  fileprivate static func limits(of object: JSONObject) throws(Refusal) -> HTTPLimits {
    var limits = HTTPLimits()
    guard let row = try object.optionalObject("limits") else { return limits }
    try row.refuseOthers("connect", "total", "largestAnswer")
    limits.connect = try row.optionalDuration("connect", atMost: .seconds(120)) ?? limits.connect
    limits.total = try row.optionalDuration("total", atMost: .seconds(600)) ?? limits.total
    limits.largestAnswer =
      try row.optionalInteger("largestAnswer", 1024...1_048_576).map { Int($0) } ?? limits.largestAnswer
    guard limits.connect <= limits.total else {
      throw Refusal("out-of-order", at: row.path("connect"), "connecting is a part of the total")
    }
    return limits
  }

  /// Mails and faxes have time: servers that greylist want to be asked again after minutes, others for days
  /// (RFC 5321, 4.5.4.1).
  fileprivate static func retries(of object: JSONObject, _ channel: MessageChannel) throws(Refusal) -> Retries {
    let usual =
      channel == .sms
      ? Retries(first: .seconds(10), most: .seconds(600), times: 5)
      : Retries(first: .seconds(60), most: .seconds(3600), times: 30)
    guard let row = try object.optionalObject("retries") else { return usual }
    try row.refuseOthers("first", "most", "times")
    let first = try row.optionalDuration("first", atMost: .seconds(86_400)) ?? usual.first
    let most = try row.optionalDuration("most", atMost: .seconds(86_400)) ?? usual.most
    guard first <= most else { throw Refusal("out-of-order", at: row.path("first"), "the first wait is the shortest") }
    return Retries(
      first: first, most: most, times: Int(try row.optionalInteger("times", 0...100) ?? Int64(usual.times)))
  }

  /// Texts that a firm fills in once. An empty one is refused, so that nobody sends with a file that was not filled in.
  fileprivate static func constants(of object: JSONObject) throws(Refusal) -> [String: String] {
    guard let row = try object.optionalObject("constants") else { return [:] }
    var constants: [String: String] = [:]
    for (name, text) in try row.literals(atMost: 40, 0...1000) {
      guard !text.isEmpty else {
        throw Refusal("empty", at: row.path("") + Misspelling.shown(name), "this is for you to fill in")
      }
      constants[name] = text
    }
    return constants
  }
}

extension JSONObject {
  /// A whole number and `ms`, `s`, `m`, `h` or `d`, as settings have it.
  func optionalDuration(_ name: StaticString, atMost longest: Duration) throws(Refusal) -> Duration? {
    guard let text = try optionalText(name, 1...20) else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
    let units: [Substring: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let count = Int64(digits), count > 0, count <= 1_000_000_000, let unit = units[text[digits.endIndex...]],
      .milliseconds(count * unit) <= longest
    else {
      throw Refusal(
        "not-a-duration", at: path(name),
        "a whole number and ms, s, m, h or d was expected, as in 10s, at most \(longest.components.seconds)s")
    }
    return .milliseconds(count * unit)
  }
}
