internal import Contract
public import Postgres
public import Values

/// A message that a lane has claimed: its row is locked, and nothing of it has changed yet. A class: it goes through many hands.
public final class DueMessage: Sendable {
  public let id: Int64
  public let purpose: Purpose
  /// Calls begun before this one.
  public let attempt: Int32
  public let customer: Int64?
  public let lead: Int64?
  public let recipient: String
  public let phone: Int64?
  public let email: String?
  public let country: String?
  public let timeZone: String?
  public let providerTemplate: String?
  public let signature: String?
  public let variables: String?
  public let subject: String?
  public let body: String
  public let html: String?
  public let sender: String?
  let isPinned: Bool
  public let parts: Int32?
  public let refusedBy: [String]
  public let deadline: Timestamp?
  /// Which one pays; nil: none has to.
  let budget: String?
  public let source: String
  public let event: String
  /// 0: of none.
  public let campaign: Int64
  /// Who takes it now.
  public let gateway: String

  /// As suppression lists it.
  var address: String { phone.map { "+\($0)" } ?? email?.lowercased() ?? "" }

  /// Claims at most so many for one gateway.
  /// - Parameter queues: its own first, then those of gateways that it stands in for.
  public static func claim(
    _ most: Int, for gateway: GatewayBook.Gateway, from queues: [String]
  ) -> Question<[DueMessage]> {
    Question(
      """
      select id, purpose, attempt, customer_id, lead_id, recipient, phone, email, country, time_zone, provider_template,
        signature, variables, subject, body, html, sender, parts, array_to_string(refused_by, ' '), deadline, source, event_id, is_pinned,
        budget, campaign_id
      from claim_messages($1, $2, $3::text[], $4::text[], $5)
      """
    ) {
      $0.text(gateway.name)
      $0.texts(queues) { $0 }
      $0.optionalTexts(gateway.description.countries?.sorted())
      $0.optionalTexts(gateway.description.purposes?.map(\.rawValue).sorted())
      $0.small(Int32(most))
    } reading: {
      $0.map { DueMessage($0, gateway.name) }
    }
  }

  init(
    _ id: Int64, _ purpose: Purpose, to phone: Int64, attempt: Int32 = 0, recipient: String? = nil,
    country: String? = "CN",
    timeZone: String? = nil, refusedBy: [String] = [], isPinned: Bool = false, deadline: Timestamp? = nil,
    budget: String? = nil, parts: Int32? = nil, campaign: Int64 = 0, gateway: String
  ) {
    (self.id, self.purpose, self.attempt, self.phone) = (id, purpose, attempt, phone)
    self.recipient = recipient ?? "+\(phone)"
    (self.country, self.timeZone, self.isPinned) = (country, timeZone, isPinned)
    (self.refusedBy, self.deadline, self.gateway) = (refusedBy, deadline, gateway)
    (customer, lead, email, subject, html, sender) = (nil, nil, nil, nil, nil, nil)
    (self.budget, self.parts, self.campaign) = (budget, parts, campaign)
    (providerTemplate, signature, variables) = (nil, nil, nil)
    (body, source, event) = ("", "", "")
  }

  private init(_ row: Row, _ gateway: String) {
    id = row.integer(0)
    purpose = Purpose(rawValue: row.text(1)) ?? .marketing
    attempt = Int32(row.small(2))
    customer = row.optionalInteger(3)
    lead = row.optionalInteger(4)
    recipient = row.text(5)
    phone = row.optionalInteger(6)
    email = row.optionalText(7)
    country = row.optionalText(8)
    timeZone = row.optionalText(9)
    providerTemplate = row.optionalText(10)
    signature = row.optionalText(11)
    variables = row.optionalText(12)
    subject = row.optionalText(13)
    body = row.text(14)
    html = row.optionalText(15)
    sender = row.optionalText(16)
    parts = row.optionalInteger(17).map { Int32($0) }
    refusedBy = row.text(18).split(separator: " ").map(String.init)
    deadline = row.optionalTimestamp(19)
    source = row.text(20)
    event = row.text(21)
    isPinned = row.boolean(22)
    budget = row.optionalText(23)
    campaign = row.integer(24)
    self.gateway = gateway
  }
}

extension Arguments {
  fileprivate mutating func optionalTexts(_ values: [String]?) {
    text(values.map(ArrayLiteral.texts))
  }
}
