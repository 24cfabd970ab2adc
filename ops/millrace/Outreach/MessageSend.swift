internal import Contract
internal import Gateways
internal import JSON
internal import Outreach
internal import PhoneNumbers
internal import Postgres
internal import Printing
internal import ShortMessages
internal import Templates
internal import Topics
internal import Values

/// `outreach send`: one message to one person. It is asked for as integrations ask, through the outbox, so that the same intake
/// checks it and the same ledger has it; the database stamps who asks.
enum MessageSend {
  static let command = Command(
    name: "outreach send", summary: "ask for one short message, e-mail or fax to one person",
    options: [
      CommandOption("--to", "ADDRESS", "a phone in any form, or an e-mail address (required)"),
      CommandOption("--channel", "WORD", "sms, email or fax (default email for an address with @, else sms)"),
      CommandOption("--country", "CC", "the country that a phone's national form is of (default CN)"),
      CommandOption("--text", "TEXT", "what it says; or a template"),
      CommandOption("--subject", "TEXT", "of an e-mail with --text: what it is about"),
      CommandOption("--template", "NAME", "a stored template"),
      CommandOption(
        "--set", "NAME=VALUE", "a variable of the template, a text; may be given again", isRepeatable: true),
      CommandOption("--language", "TAG", "of the template, where there are several"),
      CommandOption("--purpose", "PURPOSE", "transactional, service or marketing (required)"),
      CommandOption("--sender", "NAME", "whom it comes from, where the gateway lets the sender say so"),
      CommandOption("--gateway", "NAME", "the only gateway that is to carry it"),
      CommandOption("--budget", "NAME", "the budget that pays; else none has to"),
      CommandOption("--deadline", "TIME", "sent by then or not at all, as 2026-01-31T09:30:00+08:00"),
      .execute, .json,
    ],
    details: """
      Consent, suppression, hours and frequency are checked when its turn comes, as for all messages; a suppression that holds
      now is shown. You are known by your database login, which stays with the message. relay-events and the channel's
      sender take it from there: `millrace outreach list --phone` or `--email` has it a moment later.
      """,
    examples: [
      ("millrace outreach send --to 13812345678 --purpose service --text 您好", "see text, parts, cost and gateway"),
      (
        "millrace outreach send --to +8613812345678 --purpose service --template maturity --set name=王伟 --execute",
        "send"
      ),
      (
        "millrace outreach send --to wang@example.com --purpose service --subject Statement --text 'It is ready.'",
        "the same by e-mail"
      ),
      ("millrace outreach send --to 075588888888 --channel fax --purpose service --text 您好", "by fax"),
    ],
    run: run)

  private struct Preview {
    var subject: String?
    var text: String
    /// Of a short message.
    var message: ShortMessage?
    var gateway: Serving
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    guard let written = invocation.text("--to") else {
      throw Failure.usage("say to whom: --to PHONE or --to ADDRESS.")
    }
    let recipient = try MessageRecipient(written, invocation)
    var said = try request(invocation)
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    if let deadline = said.deadline, deadline <= now { throw Failure.usage("--deadline is over already.") }
    if let name = said.budget, try Budgets.table(session, name: name).isEmpty {
      throw Failure.no("there is no budget \(shown(name)).")
    }
    let preview = try preview(&said, recipient, invocation, session)
    let data = try recipient.data(said)
    let reasons = try session.rows(
      "select reason from suppressions_of($1) where channel = $2 and lifted_at is null order by 1"
    ) {
      $0.text(recipient.address)
      $0.text(recipient.channel.rawValue)
    }.map { $0.text(0) }
    var request: String?
    if invocation.isExecuting {
      request = try session.rows("select ask_for_message($1, $2, $3)") {
        $0.text(recipient.channel.rawValue)
        $0.text(recipient.address)
        $0.text(data)
      }[0].text(0)
    }
    show(invocation, recipient, said, preview, reasons, request)
    if !preview.gateway.isEnabled {
      invocation.output.note("\(preview.gateway.name) is disabled: the message will wait until it is enabled.")
    }
    invocation.output.note(
      request == nil
        ? "Nothing was done. To send it, add --execute."
        : "Asked for: relay-events and send-\(recipient.channel.rawValue) take it on.")
    return .done
  }

  private static func request(_ invocation: Invocation) throws -> MessageRequest {
    guard let word = try invocation.choice("--purpose", MessageRequest.Purpose.allCases.map(\.rawValue)),
      let purpose = MessageRequest.Purpose(rawValue: word)
    else { throw Failure.usage("say what for: --purpose transactional, service or marketing.") }
    var said = MessageRequest(purpose)
    said.text = invocation.text("--text")
    said.template = invocation.text("--template")
    said.subject = invocation.text("--subject")
    guard (said.text == nil) != (said.template == nil) else {
      throw Failure.usage("give one of --text and --template.")
    }
    guard said.template != nil || invocation.texts("--set").isEmpty && invocation.text("--language") == nil else {
      throw Failure.usage("--set and --language belong to a template.")
    }
    said.language = invocation.text("--language")
    said.sender = invocation.text("--sender")
    said.gateway = invocation.text("--gateway")
    said.budget = invocation.text("--budget")
    if let text = invocation.text("--deadline") {
      guard let deadline = Timestamp(rfc3339: Array(text.utf8)) else {
        throw Failure.usage("--deadline is \(shown(text)), but must be as 2026-01-31T09:30:00+08:00.")
      }
      said.deadline = deadline
    }
    return said
  }

  private static func preview(
    _ said: inout MessageRequest, _ recipient: MessageRecipient, _ invocation: Invocation, _ session: Connection
  ) throws -> Preview {
    var preview = Preview(
      subject: said.subject, text: said.text ?? "", gateway: try gateway(said, recipient, session))
    if let name = said.template {
      let texts = try TemplateValues.set(invocation)
      var values = texts.mapValues { TemplateValue.text($0) }
      values["unsubscribe_url"] = .text("(the recipient's own link)")
      let found = try TemplateChoice(name, recipient.channel, said.language).one(session)
      said.language = found.template.source.language
      if !texts.isEmpty { said.variables = TemplateValues.json(texts) }
      let zones = recipient.timeZones
      let clocks = try Transaction(open: session).ask(RecipientClocks.ask([(zones, values)]))
      let template = try found.template.check()
      let message: MessageTemplate.Message
      do throws(RenderRefusal) {
        message = try template.render(values, zone: clocks.zone(zones))
      } catch {
        throw Failure.no("\(error).")
      }
      preview.subject = message.subject
      preview.text = ShortMessage.signed(message.text, found.template.signature)
    }
    guard recipient.channel == .sms else { return preview }
    preview.message = ShortMessage(preview.text)
    guard preview.message != nil else {
      throw Failure.no("the text needs more than \(ShortMessage.mostParts) parts, which no short message has.")
    }
    return preview
  }

  typealias Serving = (name: String, isEnabled: Bool, description: GatewayDescription)

  private static func gateway(
    _ said: MessageRequest, _ recipient: MessageRecipient, _ session: Connection
  ) throws -> Serving {
    if let found = try serving(said, recipient, session) { return found }
    if let name = said.gateway { throw Failure.no("\(name) serves no such messages, by country and purpose.") }
    throw Failure.no("no gateway serves such messages: see `millrace outreach gateways list`.")
  }

  /// The one that the intake will choose: the first that serves such messages, whether it takes calls now or not; nil where none does.
  static func serving(
    _ said: MessageRequest, _ recipient: MessageRecipient, _ session: Connection
  ) throws -> Serving? {
    let rows = try session.rows(
      "select name, enabled, description from gateway where channel = $2 and ($1::text is null or name = $1) order by place, name"
    ) {
      $0.text(said.gateway)
      $0.text(recipient.channel.rawValue)
    }
    if let name = said.gateway, rows.isEmpty {
      throw Failure.no("there is no gateway \(shown(name)) for \(recipient.channel.rawValue).")
    }
    let country = recipient.country
    let purpose = GatewayDescription.Purpose(rawValue: said.purpose.rawValue)
    for row in rows {
      let description: GatewayDescription
      do throws(Refusal) { description = try StoredGateway(text: row.text(2)).description } catch {
        // Workers leave it out as well.
        continue
      }
      if purpose.map({ description.serves(country: country, purpose: $0) }) ?? false {
        return (row.text(0), row.boolean(1), description)
      }
    }
    return nil
  }

  private static func show(
    _ invocation: Invocation, _ recipient: MessageRecipient, _ said: MessageRequest, _ preview: Preview,
    _ reasons: [String],
    _ request: String?
  ) {
    let price = preview.gateway.description.price
    let cost = price.map {
      Money(tenThousandths: $0.tenThousandths * Int64(preview.message?.parts.count ?? 1), currency: $0.currency)
    }
    var table = Table(
      .left("to"), .left("country"), .left("purpose"), .left("template"), .left("subject"), .left("text"),
      .left("encoding"),
      .right("length"), .right("parts"), .left("cost"), .left("gateway"), .left("deadline"), .left("suppressed"),
      .left("request"))
    table.add(
      .text(recipient.address), .text(optional: recipient.country), .text(said.purpose.rawValue),
      .text(optional: said.template), .text(optional: preview.subject), .text(preview.text),
      .text(optional: preview.message?.encoding.rawValue), .number(optional: preview.message.map { Int64($0.units) }),
      .number(optional: preview.message.map { Int64($0.parts.count) }),
      .text(optional: cost.map { "\($0)" }), .text(preview.gateway.name), .time(optional: said.deadline),
      .text(optional: reasons.isEmpty ? nil : reasons.joined(separator: ", ")), .text(optional: request))
    invocation.output.showUpright(table)
  }
}

/// Variables of a template as `--set` gives them: texts by name.
enum TemplateValues {
  static func set(_ invocation: Invocation) throws(Failure) -> [String: String] {
    var values: [String: String] = [:]
    for pair in invocation.texts("--set") {
      guard let place = pair.firstIndex(of: "="), place != pair.startIndex else {
        throw .usage("--set is \(shown(pair)), but must be NAME=VALUE.")
      }
      values[String(pair[..<place])] = String(pair[pair.index(after: place)...])
    }
    return values
  }

  static func json(_ values: [String: String]) -> String {
    let members = values.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .text($0.value)) }
    return String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
  }
}
