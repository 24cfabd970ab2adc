public import Contract
public import JSON
public import Values

/// Somebody left a phone number: a channel, a partner institution or an import says so. When it happened is the
/// envelope's `time`.
public struct LeadRegistered: Event, Equatable {
  /// A person's number is in it, so that it is kept for a week only.
  public static let topic = Topic("lead.registered", key: "phone", origin: .outside)
  public static let types = ["lead.registered"]

  /// As written: E.164, or a national form of `country`. What it means is for the worker to find out.
  public let phone: String
  /// ISO 3166-1 alpha-2, the country of a phone in national form.
  public let country: String?
  public let name: String?
  /// Where the lead came from, as allocation rules name it: `wechat`, `branch-event`.
  public let source: String
  /// What the person is interested in, as allocation rules name it.
  public let product: String?

  public init(phone: String, country: String? = nil, name: String? = nil, source: String, product: String? = nil) {
    self.phone = phone
    self.country = country
    self.name = name
    self.source = source
    self.product = product
  }

  public var key: String { phone }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    phone = try data.text("phone", 1...64)
    country = try data.optionalCountry("country")
    name = try data.optionalText("name", 1...200)
    source = try data.text("source", 1...60)
    product = try data.optionalText("product", 1...60)
  }

  public func write(to data: inout JSONWriter) {
    data.member("phone", phone)
    data.member("country", country)
    data.member("name", name)
    data.member("source", source)
    data.member("product", product)
  }
}
