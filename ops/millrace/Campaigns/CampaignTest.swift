internal import Campaigns
internal import Contract
internal import JSON
internal import Outreach
internal import Postgres
internal import Printing
internal import ShortMessages
internal import Templates
internal import Topics
internal import Values

/// `campaign test`: a campaign's messages, one of each variant, to an address of one's own. They are asked for as any single message
/// is, so that they are nobody's of the campaign and in none of its counts.
enum CampaignTest {
  static let command = Command(
    name: "campaign test",
    summary: "send one message of each variant to an address of your own, or read the scripts of its tasks",
    operands: "NAME",
    operandCount: 1...1,
    options: [
      CommandOption("--to", "ADDRESS", "a phone in any form, or an e-mail address (required, but of scripts)"),
      CommandOption(
        "--channel", "WORD", "sms, email or fax (default email for an address with @, else sms); manager: scripts"),
      CommandOption("--country", "CC", "the country that a phone's national form is of (default CN)"),
      CommandOption("--variant", "NAME", "only this one"),
      CommandOption("--language", "TAG", "of the template, where there are several"),
      CommandOption("--set", "NAME=VALUE", "what is told of a person, a text; may be given again", isRepeatable: true),
      .execute, .json,
    ],
    details: """
      Through the gateway that the campaign's own would take, for the purpose service, or transactional where the gateway
      takes only that: no consent is asked of yourself. What the definition says stands in it; what it would tell of a
      person is made up, unless --set says it. A template that asks `{{#if test}}` can say that it is a test. No budget
      pays. What a task would say to whoever is given it is shown with --channel manager; nobody is given one.
      """,
    examples: [
      ("millrace campaign test spring-bonds-2027 --to 13812345678", "see what would be sent"),
      ("millrace campaign test spring-bonds-2027 --to me@example.com --set name=王伟 --execute", "send it"),
      ("millrace campaign test call-gold-customers --channel manager", "read what its tasks say"),
    ],
    run: run)

  private struct Message {
    let variant: String
    var said: MessageRequest
    let text: String
    let subject: String?
    let short: ShortMessage?
    let saysTest: Bool
    let gateway: MessageSend.Serving
  }

  /// The variable that the intake gives every message.
  private static let link = "unsubscribe_url"

  private static func run(_ invocation: Invocation) throws -> Exit {
    if invocation.text("--channel") == CampaignChannel.manager.rawValue {
      return try CampaignScriptTest.run(invocation)
    }
    guard let written = invocation.text("--to") else {
      throw Failure.usage("say to whom: --to PHONE or --to ADDRESS.")
    }
    let recipient = try MessageRecipient(written, invocation)
    let told = try TemplateValues.set(invocation).mapValues { TemplateValue.text($0) }
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    let definition = try CampaignDefinition(reading: campaign.definition)
    guard let place = definition.channels.firstIndex(where: { $0.channel.message == recipient.channel }) else {
      let known = definition.channels.map(\.channel.rawValue).joined(separator: ", ")
      throw Failure.no("\(campaign.name) has nothing for \(recipient.channel.rawValue): it goes by \(known).")
    }
    var messages: [Message] = []
    for number in try variants(definition, invocation) {
      messages.append(try message(definition, number, place, told, recipient, invocation, session))
    }
    var requests: [String?] = messages.map { _ in nil }
    if invocation.isExecuting {
      let data = try messages.map { try recipient.data($0.said) }
      requests = try session.transaction {
        try data.map { text in
          try session.rows("select ask_for_message($1, $2, $3)") {
            $0.text(recipient.channel.rawValue)
            $0.text(recipient.address)
            $0.text(text)
          }[0].text(0)
        }
      }
    }
    show(messages, requests, recipient, invocation)
    return .done
  }

  static func variants(_ definition: CampaignDefinition, _ invocation: Invocation) throws(Failure) -> [Int] {
    guard let wanted = invocation.text("--variant") else { return Array(definition.variants.indices) }
    guard let found = definition.variants.firstIndex(where: { $0.name == wanted }) else {
      let known = definition.variants.map(\.name)
      throw .no("\(definition.name) has no variant \(shown(wanted)): it has \(known.joined(separator: ", ")).")
    }
    return [found]
  }

  private static func message(
    _ definition: CampaignDefinition, _ variant: Int, _ place: Int, _ told: [String: TemplateValue],
    _ recipient: MessageRecipient, _ invocation: Invocation, _ session: Connection
  ) throws -> Message {
    let step = definition.channels[place]
    guard let name = definition.template(variant: variant, place: place) else {
      throw Failure.no("\(definition.name) has no template for \(step.channel.rawValue).")
    }
    let language = invocation.text("--language") ?? step.language
    let found = try TemplateChoice(name, recipient.channel, language).one(session)
    let template = try found.template.check()
    var values = definition.variables(of: variant).merging(told) { _, own in own }
    values["test"] = .text("TEST")
    let unknown = template.variables.filter { $0.need != .never && $0.name != link && values[$0.name] == nil }
    for variable in unknown { values[variable.name] = CampaignTest.madeUp(variable) }
    var said = MessageRequest(.service)
    said.template = name
    said.language = found.template.source.language
    said.gateway = step.gateway
    said.variables = CampaignTest.json(values)
    let gateway = try gateway(&said, recipient, session)
    values[link] = .text("(the recipient's own link)")
    let zones = recipient.timeZones
    let clocks = try Transaction(open: session).ask(RecipientClocks.ask([(zones, values)]))
    let message: MessageTemplate.Message
    do throws(RenderRefusal) { message = try template.render(values, zone: clocks.zone(zones)) } catch {
      throw Failure.no("variant \(definition.variants[variant].name): \(error). --set NAME=VALUE says what it is.")
    }
    let text = ShortMessage.signed(message.text, found.template.signature)
    return Message(
      variant: definition.variants[variant].name, said: said, text: text, subject: message.subject,
      short: recipient.channel == .sms ? ShortMessage(text) : nil,
      saysTest: template.variables.contains { $0.name == "test" }, gateway: gateway)
  }

  /// A test is for whoever asks for it, whatever the campaign's own purpose is.
  private static func gateway(
    _ said: inout MessageRequest, _ recipient: MessageRecipient, _ session: Connection
  ) throws -> MessageSend.Serving {
    for purpose in [MessageRequest.Purpose.service, .transactional] {
      said.purpose = purpose
      if let found = try MessageSend.serving(said, recipient, session) { return found }
    }
    throw Failure.no(
      "no gateway that the campaign may use takes a test, whose purpose is service or transactional: see `millrace outreach "
        + "gateways list`.")
  }

  /// What nobody has said of a person: something of the right kind.
  static func madeUp(_ variable: TemplateVariable) -> TemplateValue {
    switch variable.formats.first {
    case "money": .money(Money(tenThousandths: 12_345_000, currency: "CNY"))
    case "number": .number("1234.5")
    case "date", "time", "datetime": .text("2027-01-31T09:30:00+08:00")
    default: .text(variable.name == "name" ? "王小明" : "[\(variable.name)]")
    }
  }

  private static func json(_ values: [String: TemplateValue]) -> String {
    let members = values.sorted { $0.key < $1.key }.map { name, value in
      let json: JSONValue =
        switch value {
        case .text(let text): .text(text)
        case .number(let number): .number(number)
        case .boolean(let yes): .boolean(yes)
        case .money(let money):
          .object([.init("amount", .text(money.amount)), .init("currency", .text(money.currency))])
        }
      return JSONValue.Member(name, json)
    }
    return String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
  }

  private static func show(
    _ messages: [Message], _ requests: [String?], _ recipient: MessageRecipient, _ invocation: Invocation
  ) {
    var table = Table(
      .left("variant"), .left("to"), .left("channel"), .left("template"), .left("language"), .left("subject"),
      .left("text"),
      .right("parts"), .left("gateway"), .left("request"))
    for (message, request) in zip(messages, requests) {
      table.add(
        .text(message.variant), .text(recipient.address), .text(recipient.channel.rawValue),
        .text(optional: message.said.template), .text(optional: message.said.language),
        .text(optional: message.subject),
        .text(message.text), .number(optional: message.short.map { Int64($0.parts.count) }),
        .text(message.gateway.name),
        .text(optional: request))
    }
    if invocation.output.isJSON {
      invocation.output.show(table)
    } else {
      for row in table.rows {
        let told = zip(table.columns, row).filter { $0.1 != .none }
        invocation.output.write(Table(told.map(\.0), [told.map(\.1)]).upright + "\n")
      }
    }
    if messages.contains(where: { !$0.saysTest }) {
      invocation.output.note("Nothing in it says that it is a test: no {{#if test}} stands in the template.")
    }
    for name in Set(messages.filter { !$0.gateway.isEnabled }.map(\.gateway.name)).sorted() {
      invocation.output.note("\(name) is disabled: the message will wait until it is enabled.")
    }
    invocation.output.note(
      requests.contains { $0 != nil }
        ? "Asked for: relay-events and send-\(recipient.channel.rawValue) take it on."
        : "Nothing was done. To send it, add --execute.")
  }
}
