public import HTTP
internal import JSON
public import Mail
public import Values

/// A mail server that takes mails from us (RFC 5321), and what mails that go through it look like.
public final class MailGateway: Sendable {
  /// Sender, where a message names none.
  public let from: Mailbox
  public let replyTo: Mailbox?
  /// Links lead over us, so that clicks are known.
  public let countsClicks: Bool
  /// A picture without a content tells that the mail was looked at.
  public let countsOpens: Bool

  /// Of a service that faxes what it is mailed: what some of them want to read there.
  public let faxSubject: String

  let secrets: Set<String>
  /// Of such a service: what stands before and after the number's digits.
  private let faxAddress: (before: Substring, after: Substring)?
  /// Where a mail's bounces go: what stands before and after the mark that tells them apart. nil: to the sender.
  private let bounces: (before: Substring, after: Substring)?
  private let url: String
  private let encryption: MailRequest.Encryption
  private let user: FieldTemplate?
  private let password: FieldTemplate?
  private let hello: String?

  /// - Parameter isOfFax: it faxes what it is mailed, to the number that stands in the address.
  init(
    _ object: JSONObject, _ constants: [String: String], beside common: [StaticString], isOfFax: Bool = false
  ) throws(Refusal) {
    try object.refuseOthers(
      common + ["smtp", "from", "replyTo", "bounces"] + (isOfFax ? ["to", "subject"] : ["tracking"]))
    faxAddress = isOfFax ? try MailGateway.faxAddress(try object.text("to", 3...320), at: object.path("to")) : nil
    faxSubject = isOfFax ? try object.optionalText("subject", 0...200) ?? "" : ""
    from = try MailGateway.mailbox(try object.text("from", 3...320), at: object.path("from"))
    replyTo = try object.optionalText("replyTo", 3...320).map { text throws(Refusal) in
      try MailGateway.mailbox(text, at: object.path("replyTo"))
    }
    bounces = try object.optionalText("bounces", 3...320).map { text throws(Refusal) in
      try MailGateway.bounces(text, at: object.path("bounces"))
    }
    let tracking = try object.optionalObject("tracking")
    try tracking?.refuseOthers("clicks", "opens")
    countsClicks = try tracking?.optionalBoolean("clicks") ?? false
    countsOpens = try tracking?.optionalBoolean("opens") ?? false

    let server = try object.object("smtp")
    try server.refuseOthers("url", "encryption", "user", "password", "hello")
    url = try server.text("url", 8...300)
    guard url.hasPrefix("smtp://") || url.hasPrefix("smtps://"), !url.contains("@") else {
      throw Refusal("not-a-url", at: server.path("url"), "smtp://host:port or smtps://host:port, without a user")
    }
    encryption = try MailGateway.encryption(of: server)
    hello = try server.optionalText("hello", 1...255)
    var scope = TemplateScope(constants: constants, callBacks: [])
    var credentials: [FieldTemplate?] = []
    for name in ["user", "password"] as [StaticString] {
      credentials.append(
        try server.optionalText(name, 1...1000).map { text throws(Refusal) in
          try FieldTemplate(text, at: server.path(name), in: &scope, of: [])
        })
    }
    (user, password) = (credentials[0], credentials[1])
    guard (user == nil) == (password == nil) else {
      throw Refusal("missing", at: server.path("user"), "a login is a user and a password")
    }
    secrets = scope.secrets
    // As it will be asked to be used; what the secrets are is seen then.
    let shape = MailRequest.Server(
      url: url, encryption: encryption, user: user.map { _ in "user" }, password: password.map { _ in "password" },
      hello: hello)
    if let fault = shape.fault { throw Refusal("not-a-server", at: object.path("smtp"), fault.detail) }
  }

  private static func mailbox(_ text: String, at place: String) throws(Refusal) -> Mailbox {
    do throws(Refusal) { return try Mailbox(parsing: text) } catch {
      throw Refusal(restoring: error.reason, at: place, error.detail)
    }
  }

  private static func bounces(
    _ text: String, at place: String
  ) throws(Refusal) -> (before: Substring, after: Substring) {
    let parts = text.split(separator: "{mark}", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw Refusal("not-an-address", at: place, "{mark} stands in it once, as in bounces+{mark}@mail.example")
    }
    // The longest mark that there is.
    let mark = "m\(Int64.max).\(Int32.max)." + String(repeating: "a", count: 16)
    _ = try mailbox(parts[0] + mark + parts[1], at: place)
    return (parts[0], parts[1])
  }

  private static func faxAddress(
    _ text: String, at place: String
  ) throws(Refusal) -> (before: Substring, after: Substring) {
    let parts = text.split(separator: "{digits}", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw Refusal("not-an-address", at: place, "{digits} stands in it once, as in {digits}@fax.example")
    }
    _ = try mailbox(parts[0] + String(repeating: "8", count: 15) + parts[1], at: place)
    return (parts[0], parts[1])
  }

  private enum Encryption: String, CaseIterable {
    case required
    case whenOffered = "when-offered"
    case never
  }

  private static func encryption(of server: JSONObject) throws(Refusal) -> MailRequest.Encryption {
    switch try server.optionalChoice("encryption", of: Encryption.self) {
    case .required, nil: .required
    case .whenOffered: .whenOffered
    case .never: .none
    }
  }

  /// Refused where a secret is not set (`no-secret`), or cannot be said to a server (`not-a-server`).
  public func server(secrets find: (String) -> String?) throws(Refusal) -> MailRequest.Server {
    let values = Evaluation(secrets: secrets, find)
    func text(_ template: FieldTemplate?) throws(Refusal) -> String? {
      try template?.filled(values).map { String(decoding: $0, as: UTF8.self) }
    }
    let server = MailRequest.Server(
      url: url, encryption: encryption, user: try text(user), password: try text(password), hello: hello)
    if let fault = server.fault { throw Refusal("not-a-server", at: "smtp", fault.detail) }
    return server
  }

  /// Whether its bounces go there.
  /// - Parameter address: in small letters, with `{mark}` where the mark is.
  public func takesBounces(at address: String) -> Bool {
    bounces.map { "\($0.before){mark}\($0.after)".lowercased() == address } ?? false
  }

  /// Where a service that faxes mails takes those for a number; nil of any other server.
  public func address(ofFax digits: Int64) -> String? { faxAddress.map { $0.before + "\(digits)" + $0.after } }

  /// The envelope's sender, to whom bounces go.
  public func envelopeSender(_ mark: String, from: Mailbox) -> String {
    bounces.map { $0.before + mark + $0.after } ?? from.address
  }

  /// What a server's refusal proves. No address stands in it, no mailbox's name, and no secret.
  /// - Parameter hasOwnSender: the mail did not come from the gateway's own sender.
  public func refused(
    _ answer: MailAnswer, at step: MailStep, to: String, hasOwnSender: Bool, secrets find: (String) -> String?
  ) -> Refused {
    let known = Evaluation(secrets: secrets, find).secrets.values.map { Array($0.utf8) }
    // Servers call a mailbox by what stands before the @, with what is behind its + or without.
    let mailbox = to.utf8.prefix { $0 != UInt8(ascii: "@") }
    let names = [mailbox, mailbox.prefix { $0 != UInt8(ascii: "+") }].map { Array($0) }
    let conceal = Concealment(secrets: known, personal: [Array(to.utf8)], names: names)
    let said = answer.enhanced.map { "\(answer.code) \($0)" } ?? "\(answer.code)"
    return Refused(
      kind: MailGateway.kind(MailStatus.meaning(answer, at: step), at: step, hasOwnSender),
      code: answer.enhanced ?? "\(answer.code)", detail: conceal("\(step.rawValue): \(said) \(answer.text)"))
  }

  private static func kind(_ meaning: MailStatus.Meaning, at step: MailStep, _ hasOwnSender: Bool) -> Refused.Kind {
    switch meaning {
    case .recipientGone: .gone
    case .recipient: .recipient
    case .message: .message
    case .later: .later
    case .busy: .busy
    // A sender of its own that the server does not want is that mail's fault, and no other's.
    case .gateway: step == .sender && hasOwnSender ? .message : .gateway
    }
  }
}
