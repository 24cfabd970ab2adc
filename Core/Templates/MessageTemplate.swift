public import Values

/// How a message reaches somebody.
public enum MessageChannel: String, Sendable, CaseIterable { case sms, email, fax }

/// All that a message of one channel and language is made from.
public struct MessageTemplate: Sendable {
  /// As it is stored.
  public struct Source: Hashable, Sendable {
    public var channel: MessageChannel
    public var language: String
    public var text: String
    /// Of e-mail, which must have one.
    public var subject: String?
    /// Of e-mail, beside its text.
    public var html: String?

    public init(channel: MessageChannel, language: String, text: String, subject: String? = nil, html: String? = nil) {
      (self.channel, self.language, self.text, self.subject, self.html) = (channel, language, text, subject, html)
    }
  }

  /// As it is sent.
  public struct Message: Hashable, Sendable {
    public let text: String
    public let subject: String?
    public let html: String?
    /// The variables that the text tells, each as it tells it first.
    public let told: [ToldValue]
  }

  public let locale: TemplateLocale
  private let text: Template
  private let subject: Template?
  private let html: Template?

  /// The refusal names the part; its sentence has line and column.
  public init(_ source: Source) throws(Refusal) {
    guard let locale = TemplateLocale.named(source.language) else {
      let known = TemplateLocale.all.map(\.tag).joined(separator: ", ")
      throw Refusal("unknown-language", at: "language", "one of these was expected: \(known)")
    }
    let isEmail = source.channel == .email
    guard isEmail == (source.subject != nil) else {
      throw Refusal("wrong-parts", at: "subject", "an e-mail has a subject, and nothing else has")
    }
    guard isEmail || source.html == nil else { throw Refusal("wrong-parts", at: "html", "only an e-mail has HTML") }
    self.locale = locale
    text = try MessageTemplate.part("text", source.text, .text)
    subject = try source.subject.map { source throws(Refusal) in try MessageTemplate.part("subject", source, .header) }
    html = try source.html.map { source throws(Refusal) in try MessageTemplate.part("html", source, .html) }
  }

  private static func part(
    _ name: String, _ source: String, _ context: Template.Context
  ) throws(Refusal) -> Template {
    guard !source.isBlank else { throw Refusal("empty", at: name, "there is no text") }
    do throws(TemplateError) { return try Template(source, as: context) } catch {
      throw Refusal("not-a-template", at: name, error.description)
    }
  }

  private var parts: [Template] { [subject, text, html].compactMap { $0 } }

  /// What all parts want to know.
  public var variables: [TemplateVariable] { TemplateVariable.all(in: parts.flatMap(\.nodes)) }

  /// Every variable that any part lacks is named.
  public func render(
    _ values: [String: TemplateValue], zone: TemplateZone? = nil, atMost limit: Int = Template.longestOutput
  ) throws(RenderRefusal) -> Message {
    var missing: [String] = []
    func rendered(_ template: Template) throws(RenderRefusal) -> (text: String, values: [ToldValue]) {
      do throws(RenderRefusal) { return try template.told(values, in: locale, zone: zone, atMost: limit) } catch {
        guard case .missing(let names) = error else { throw error }
        missing += names.filter { !missing.contains($0) }
        return ("", [])
      }
    }
    let subject = try subject.map { part throws(RenderRefusal) in try rendered(part).text }
    let text = try rendered(text)
    let html = try html.map { part throws(RenderRefusal) in try rendered(part).text }
    guard missing.isEmpty else { throw .missing(missing) }
    return Message(text: text.text, subject: subject, html: html, told: text.values)
  }
}
