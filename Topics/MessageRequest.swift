public import Contract
public import JSON
public import Values

/// An event that asks for one message to one recipient, known by its source and id.
public protocol MessageRequested: Event {
  /// The recipient's address as written.
  var to: String { get }
  /// ISO 3166-1 alpha-2, the country of a phone in national form.
  var country: String? { get }
  var message: MessageRequest { get }
}

/// One whose recipient is a phone, or a fax machine.
public protocol PhoneMessageRequested: MessageRequested {
  init(to: String, country: String?, _ message: MessageRequest)
}

extension PhoneMessageRequested {
  public var key: String { to }

  public init(type: String, reading data: JSONObject) throws(Refusal) {
    self.init(
      to: try data.text("to", 1...64), country: try data.optionalCountry("country"), try MessageRequest(reading: data))
  }

  public func write(to data: inout JSONWriter) {
    data.member("to", to)
    data.member("country", country)
    message.write(to: &data)
  }
}

/// What requests of all channels say.
public struct MessageRequest: Equatable, Sendable {
  public enum Purpose: String, Sendable, CaseIterable {
    /// What the recipient has asked for or must know: a one-time code, a contract note.
    case transactional
    /// About what the recipient has with the firm.
    case service
    case marketing
  }

  public enum Priority: String, Sendable, CaseIterable { case urgent, normal, bulk }

  public var purpose: Purpose
  /// By default urgent for what is transactional, normal for service, bulk for marketing.
  public var priority: Priority?
  /// The name of a stored template, or the text itself.
  public var template: String?
  /// The newest that is not withdrawn where none is named.
  public var templateVersion: Int64?
  public var text: String?
  /// Of an e-mail whose text is said here.
  public var subject: String?
  /// Of an e-mail, beside its text.
  public var html: String?
  /// BCP 47; by default the customer's own.
  public var language: String?
  /// The template's variables as a JSON object.
  public var variables: String?
  /// The core system's customer id.
  public var customer: String?
  public var lead: Int64?
  /// Whom it comes from, where the gateway lets the sender say so.
  public var sender: String?
  /// The only gateway that is to carry it.
  public var gateway: String?
  /// The name of the budget that pays; nil: none has to.
  public var budget: String?
  public var notBefore: Timestamp?
  /// Sent by then, or not at all.
  public var deadline: Timestamp?

  public init(_ purpose: Purpose) { self.purpose = purpose }

  /// - Parameters:
  ///   - mostText: characters of a text.
  ///   - isMail: it has a subject and may have HTML, or a template that has them.
  init(reading data: JSONObject, mostText: Int = 20_000, isMail: Bool = false) throws(Refusal) {
    purpose = try data.choice("purpose")
    priority = try data.optionalChoice("priority")
    template = try data.optionalText("template", 1...63)
    templateVersion = try data.optionalInteger("templateVersion", 1...Int64(Int32.max))
    text = try data.optionalText("text", 1...mostText)
    if isMail {
      subject = try data.optionalText("subject", 1...1_000)
      html = try data.optionalText("html", 1...500_000)
    }
    language = try data.optionalLanguage("language")
    if let object = try data.optionalObject("variables") {
      _ = try object.members()
      variables = try data.raw("variables").map { String(decoding: $0, as: UTF8.self) }
    }
    customer = try data.optionalText("customerId", 1...60)
    lead = try data.optionalInteger("leadId", 1...(1 << 53 - 1))
    sender = try data.optionalText("sender", 1...(isMail ? 320 : 40))
    gateway = try data.optionalText("gateway", 1...63)
    budget = try data.optionalText("budget", 1...63)
    notBefore = try data.optionalTimestamp("notBefore")
    deadline = try data.optionalTimestamp("deadline")
    guard (template == nil) != (text == nil) else {
      throw Refusal("wrong-parts", at: data.path("template"), "either a template or a text is required")
    }
    guard !isMail || (text == nil) == (subject == nil) else {
      throw Refusal("wrong-parts", at: data.path("subject"), "a text has a subject, and a template has its own")
    }
    guard template == nil || html == nil else {
      throw Refusal("wrong-parts", at: data.path("html"), "a template has its own")
    }
    guard template != nil || variables == nil else {
      throw Refusal("wrong-parts", at: data.path("variables"), "only a template has variables")
    }
    guard template != nil || templateVersion == nil else {
      throw Refusal("wrong-parts", at: data.path("templateVersion"), "only a template has versions")
    }
    if let notBefore, let deadline, deadline <= notBefore {
      throw Refusal("out-of-order", at: data.path("deadline"), "it ends before it may begin")
    }
  }

  func write(to data: inout JSONWriter) {
    data.member("purpose", purpose.rawValue)
    data.member("priority", priority?.rawValue)
    data.member("template", template)
    data.member("templateVersion", templateVersion)
    data.member("text", text)
    data.member("subject", subject)
    data.member("html", html)
    data.member("language", language)
    if let variables { data.raw("variables", variables) }
    data.member("customerId", customer)
    data.member("leadId", lead)
    data.member("sender", sender)
    data.member("gateway", gateway)
    data.member("budget", budget)
    data.member("notBefore", notBefore)
    data.member("deadline", deadline)
  }
}
