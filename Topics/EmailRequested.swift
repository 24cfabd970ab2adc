public import Contract
public import JSON
public import Values

/// Somebody is to be sent an e-mail: an integration asks for a contract note, a notice, an offer. One event is one mail, known by its
/// source and id.
public struct EmailRequested: MessageRequested, Equatable {
  /// What is written to a person is in it, so that it is kept for a week only.
  public static let topic = Topic("outreach.email", key: "recipient", origin: .outside)
  public static let types = ["email.requested"]

  public let to: String
  public let message: MessageRequest

  public var country: String? { nil }

  public init(to: String, _ message: MessageRequest) {
    self.to = to
    self.message = message
  }

  public var key: String { to }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    to = try data.text("to", 3...320)
    message = try MessageRequest(reading: data, mostText: 200_000, isMail: true)
  }

  public func write(to data: inout JSONWriter) {
    data.member("to", to)
    message.write(to: &data)
  }
}
