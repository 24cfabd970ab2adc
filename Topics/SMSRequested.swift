public import Contract

/// Somebody is to be sent a short message: an integration asks for a one-time code, a notice, an offer. One event is one message,
/// known by its source and id.
public struct SMSRequested: PhoneMessageRequested, Equatable {
  /// What is written to a person is in it, so that it is kept for a week only.
  public static let topic = Topic("outreach.sms", key: "recipient", origin: .outside)
  public static let types = ["sms.requested"]

  /// E.164, or a national form of `country`.
  public let to: String
  /// ISO 3166-1 alpha-2, the country of a phone in national form.
  public let country: String?
  public let message: MessageRequest

  public init(to: String, country: String? = nil, _ message: MessageRequest) {
    self.to = to
    self.country = country
    self.message = message
  }
}
