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
  /// How the firm ranks such people, as policies of protection name it.
  public let level: String?
  /// BCP 47, as allocation rules name it.
  public let language: String?
  /// What the lead may be worth.
  public let value: Money?
  /// As written. It leaves the worker as a keyed hash only.
  public let idNumber: String?
  /// One of `CustomerProfile.idTypes`.
  public let idType: String?
  public let customerNumber: String?
  /// The code of the person who brought the lead, of a source that is an import.
  public let importer: String?

  public init(
    phone: String, country: String? = nil, name: String? = nil, source: String, product: String? = nil,
    level: String? = nil, language: String? = nil, value: Money? = nil, idNumber: String? = nil, idType: String? = nil,
    customerNumber: String? = nil, importer: String? = nil
  ) {
    self.phone = phone
    self.country = country
    self.name = name
    self.source = source
    self.product = product
    self.level = level
    self.language = language
    self.value = value
    self.idNumber = idNumber
    self.idType = idType
    self.customerNumber = customerNumber
    self.importer = importer
  }

  public var key: String { phone }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    phone = try data.text("phone", 1...64)
    country = try data.optionalCountry("country")
    name = try data.optionalText("name", 1...200)
    source = try data.text("source", 1...60)
    product = try data.optionalText("product", 1...60)
    level = try data.optionalText("level", 1...60)
    language = try data.optionalLanguage("language")
    value = try data.optionalMoney("value")
    idNumber = try data.optionalText("idNumber", 1...60)
    idType = try data.optionalIDType("idType")
    customerNumber = try data.optionalText("customerNumber", 1...60)
    importer = try data.optionalText("importer", 1...60)
  }

  public func write(to data: inout JSONWriter) {
    data.member("phone", phone)
    data.member("country", country)
    data.member("name", name)
    data.member("source", source)
    data.member("product", product)
    data.member("level", level)
    data.member("language", language)
    data.member("value", value)
    data.member("idNumber", idNumber)
    data.member("idType", idType)
    data.member("customerNumber", customerNumber)
    data.member("importer", importer)
  }
}
