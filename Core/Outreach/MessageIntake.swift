public import Contract
internal import JSON
public import Postgres
public import Settings
internal import ShortMessages
public import Templates
public import Topics
public import Values

/// Turns requests of one channel into rows of the ledger: which gateway's queue, what it says, whose contact it is.
public struct MessageIntake {
  let gateways: GatewayBook
  let templates: TemplateBook
  private let customers: KnownRecipients
  private let budgets: Set<String>
  private let clocks: RecipientClocks
  private let links: Links?
  private var numbers: NumberStock

  /// What a request says, with what is known of its recipient.
  public struct Request {
    public let message: MessageRequest
    public var variables: [String: TemplateValue]
    public let source: String
    public let id: String
    public var phone: Int64?
    public var email: String?
    public var country: String?
    public var timeZone: String?
    /// Who it is, where whoever asks has looked: then nobody is looked for by code or address.
    public var person: Person?
    /// 0 where it belongs to none.
    public var campaign: Int64 = 0

    /// A person as whoever asks has found them.
    public struct Person: Sendable {
      /// nil for somebody who is no customer.
      let customer: Int64?
      /// Their own.
      let language: String?
      /// Where they are, where the address does not tell.
      let phone: Int64?

      public init(customer: Int64?, language: String?, phone: Int64? = nil) {
        (self.customer, self.language, self.phone) = (customer, language, phone)
      }
    }

    public init(
      _ message: MessageRequest, variables: [String: TemplateValue], source: String, id: String, phone: Int64? = nil,
      email: String? = nil, country: String? = nil, timeZone: String? = nil
    ) {
      self.message = message
      self.variables = variables
      self.source = source
      self.id = id
      self.phone = phone
      self.email = email
      self.country = country
      self.timeZone = timeZone
    }
  }

  public init(
    _ requests: [Request], _ channel: Channel, _ memory: inout IntakeMemory, _ transaction: Transaction
  ) throws(PostgresError) {
    let (news, inUse, customers, budgets, blocks) = try transaction.ask(
      memory.gateways.news(channel), memory.templates.versions(of: requests.map(\.message), channel),
      KnownRecipients.find(requests), Budget.names(among: requests.compactMap(\.message.budget)),
      memory.numbers.missing(
        for: requests.count, "select nextval('message_block') from generate_series(1, $1)"))
    memory.gateways.take(news)
    memory.numbers.add(blocks)
    memory.templates.begin(inUse)
    if let missing = memory.templates.missing(channel, requests.map(\.message)) {
      let found = try transaction.ask(missing)
      memory.templates.add(found)
    }
    gateways = memory.gateways
    templates = memory.templates
    self.customers = customers
    self.budgets = budgets
    clocks = try transaction.ask(
      RecipientClocks.ask(requests.map { ($0.timeZone ?? customers[$0]?.timeZone, $0.variables) }))
    links = memory.links
    numbers = memory.numbers.take(requests.count)
  }

  /// The row, or why the request can be used by nobody.
  public mutating func compose(
    _ request: Request, _ channel: Channel, _ now: Timestamp
  ) -> Decision<NewMessage> {
    let said = request.message
    let customer = customers[request]
    if said.customer != nil, customer == nil {
      return .reject(Refusal("unknown-customer", at: "customerId", "no customer has this id"))
    }
    if let budget = said.budget, !budgets.contains(budget) {
      return .reject(Refusal("unknown-budget", at: "budget", "there is no budget of this name"))
    }
    let gateway: GatewayBook.Gateway
    switch self.gateway(for: request) {
    case .success(let found): gateway = found
    case .failure(let refusal): return .reject(refusal)
    }
    let id = numbers.next()
    var request = request
    if let links, said.template != nil {
      request.variables[MessageIntake.unsubscribing] = .text(links.url(.unsubscribe, message: id))
    }
    let text: Composed
    request.timeZone = request.timeZone ?? customer?.timeZone
    switch compose(request, customer?.language, channel) {
    case .success(let composed): text = composed
    case .failure(let refusal): return .reject(refusal)
    }
    var message = NewMessage(
      id: id, channel: channel, purpose: said.purpose, priority: said.purpose.priority(said.priority),
      skipped: text.skipped, source: request.source, event: request.id, customer: customer?.id, lead: said.lead,
      recipient: customer.map { "customer/\($0.id)" } ?? request.phone.map { "+\($0)" } ?? request.email ?? "",
      phone: request.phone, email: request.email, country: request.country ?? customer?.phone?.place.country?.code,
      timeZone: request.timeZone,
      language: text.language, template: said.template, templateVersion: text.version,
      providerTemplate: text.providerTemplate, signature: text.signature, variables: text.variables,
      subject: text.subject, body: text.body, html: text.html, sender: said.sender, gateway: gateway.name,
      isPinned: said.gateway != nil, budget: said.budget, campaign: request.campaign,
      requested: now, due: max(now, said.notBefore ?? now), deadline: said.deadline)
    if channel != .sms { message.parts = 1 }
    if channel == .sms, message.skipped == nil {
      if let parts = ShortMessage(text.body, signature: text.signature)?.parts.count {
        message.parts = Int32(parts)
      } else {
        message.skipped = Reason("too-long", "the text needs more than \(ShortMessage.mostParts) parts")
      }
    }
    guard let reason = message.skipped else { return .apply(message, outcome: "queued") }
    let outcome = OutreachOutcomes(
      id: message.id, .skipped, channel: channel.rawValue, purpose: said.purpose, reason: reason.word,
      source: request.source, request: request.id, at: now)
    return .apply(message, emit: [Emission(outcome)], outcome: "skipped")
  }

  /// The variable that every template knows: where the recipient says that they want no more.
  public static let unsubscribing = "unsubscribe_url"

  /// As a row tells why there is no text.
  public static func word(_ refusal: RenderRefusal) -> String {
    switch refusal {
    case .missing: "missing-variable"
    case .tooLong: "too-long"
    default: "unfit-variable"
    }
  }

  private func gateway(for request: Request) -> Result<GatewayBook.Gateway, Refusal> {
    if let name = request.message.gateway {
      guard let gateway = gateways[name] else {
        return .failure(Refusal("unknown-gateway", at: "gateway", "no gateway of this channel has this name"))
      }
      guard gateway.serves(request.country, request.message.purpose) else {
        let country = request.country ?? "an unknown country"
        return .failure(
          Refusal(
            "not-served", at: "gateway",
            "it serves no \(request.message.purpose.rawValue) messages to \(country), as it is described"))
      }
      return .success(gateway)
    }
    guard let first = gateways.candidates(request.country, request.message.purpose).first else {
      return .failure(Refusal("no-gateway", "no gateway serves such messages: `millrace outreach gateways` lists them"))
    }
    return .success(first)
  }

  /// What a message says.
  private struct Composed {
    var language: String?
    var version: Int32?
    var providerTemplate: String?
    var signature: String?
    /// As the text tells them, a JSON object: what a gateway writes into a registered text has to be the same.
    var variables: String?
    var subject: String?
    var body: String
    var html: String?
    var skipped: Reason?
  }

  private func compose(
    _ request: Request, _ language: String?, _ channel: Channel
  ) -> Result<Composed, Refusal> {
    let said = request.message
    guard let name = said.template else {
      return .success(
        Composed(language: said.language, subject: said.subject, body: said.text ?? "", html: said.html))
    }
    let found: TemplateBook.Stored
    switch templates.find(name, said.templateVersion.map { Int32($0) }, said.language, language) {
    case .success(let stored): found = stored
    case .failure(let refusal): return .failure(refusal)
    }
    var composed = Composed(
      language: found.key.language, version: found.key.version, providerTemplate: found.providerTemplate,
      signature: found.signature, body: "")
    do throws(RenderRefusal) {
      let message = try found.template.render(request.variables, zone: clocks.zone(request.timeZone))
      (composed.subject, composed.body, composed.html) = (message.subject, message.text, message.html)
      let told = message.told.map { JSONValue.Member($0.name, .text($0.text)) }
      composed.variables = told.isEmpty ? nil : String(decoding: JSONValue.object(told).bytes, as: UTF8.self)
    } catch {
      composed.skipped = Reason(MessageIntake.word(error), error.description)
    }
    return .success(composed)
  }
}

/// What a lane keeps of gateways and templates, which hardly ever change.
public struct IntakeMemory: LaneCache {
  public var gateways = GatewayBook()
  public var templates = TemplateBook()
  public var numbers = NumberStock()
  let links: Links?

  public init(_ settings: Settings) { links = Links(settings) }

  /// For whoever asks for messages that have no links.
  public init() { links = nil }
}
