internal import Contract
public import Postgres
internal import Topics
public import Values

/// What decides whether a claimed message goes now, later or never: looked up under the locks of its row and its recipient, so that
/// what is decided still holds when it is written.
public struct ClaimBook: Sendable {
  let channel: Channel
  let rules: ContactRules
  var suppressed: [String: [String]] = [:]
  var consents: [Int64: (refused: Bool, given: Bool)] = [:]
  var contacts: [String: [Contact]] = [:]
  var openings: [Place: Timestamp] = [:]
  /// By name. One that a message names and nobody knows any more is not among them.
  var budgets: [String: Budget] = [:]
  /// Of campaigns, by number.
  var caps: [Int64: CampaignCap] = [:]
  /// Of a part, at the gateway that takes the messages; nil is unknown.
  private let price: Money?

  struct Contact: Sendable {
    let at: Timestamp
    let channel: String
    let purpose: Purpose
  }

  struct Place: Hashable {
    let purpose: Purpose
    let zone: String

    /// nil where nobody knows the recipient's clock.
    init?(of message: DueMessage) {
      guard let zone = message.timeZone else { return nil }
      (purpose, self.zone) = (message.purpose, zone)
    }
  }

  /// For tests: a firm without rules that knows nothing of anybody.
  init(_ channel: Channel, _ rules: ContactRules = ContactRules(), price: Money? = nil) {
    self.channel = channel
    self.rules = rules
    self.price = price
  }

  public init(
    _ messages: [DueMessage], _ channel: Channel, _ rules: ContactRules, price: Money?, _ transaction: Transaction
  ) throws(PostgresError) {
    self.channel = channel
    self.rules = rules
    self.price = price
    let bound = messages.filter { rules.counts($0.purpose) }
    let asked = messages.filter { $0.purpose != .transactional }
    let (suppressed, consents, openings, _, contacts, caps, budgets) = try transaction.ask(
      ClaimBook.suppressions(messages, channel), ClaimBook.consents(asked, channel),
      ClaimBook.openings(messages, rules), ClaimBook.locks(bound), ClaimBook.contacts(bound, rules),
      CampaignCap.ask(bound, rules), Budget.lock(messages))
    self.suppressed = suppressed
    self.consents = consents
    self.openings = openings
    self.contacts = contacts
    self.budgets = budgets
    self.caps = caps
  }

  // MARK: Questions

  private static func suppressions(_ messages: [DueMessage], _ channel: Channel) -> Question<[String: [String]]> {
    Question(
      "select address, reason from suppression where channel = $1 and address = any($2) and lifted_at is null"
    ) {
      $0.text(channel.rawValue)
      $0.texts(messages) { $0.address }
    } reading: {
      Dictionary($0.map { ($0.text(0), [$0.text(1)]) }, uniquingKeysWith: +)
    }
  }

  /// What everybody says who has the address, or is the customer that the message names.
  private static func consents(
    _ messages: [DueMessage], _ channel: Channel
  ) -> Question<[Int64: (refused: Bool, given: Bool)]> {
    guard !messages.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      with asked as (
        select u.id, 1 << consent_slot($1, u.purpose) as bit, u.customer_id, u.phone, u.email
        from unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[]) u (id, purpose, customer_id, phone, email))
      select k.id, bool_or(c.refused & k.bit <> 0), bool_or(c.consented & k.bit <> 0)
      from (
        select id, bit, customer_id from asked where customer_id is not null
        union select a.id, a.bit, p.customer_id from asked a join customer_phone p on p.phone = a.phone
        union select a.id, a.bit, m.id from asked a join customer m on lower(m.email) = a.email where $7) k
      join customer c on c.id = k.customer_id
      group by k.id
      """
    ) {
      $0.text(channel.rawValue)
      $0.integers(messages) { $0.id }
      $0.texts(messages) { $0.purpose.rawValue }
      $0.integers(messages) { $0.customer }
      $0.integers(messages) { $0.phone }
      $0.texts(messages) { $0.email?.lowercased() }
      // Where there are no mails, customers are not looked through for their addresses.
      $0.boolean(messages.contains { $0.email != nil })
    } reading: {
      Dictionary($0.map { ($0.integer(0), (refused: $0.boolean(1), given: $0.boolean(2))) }) { one, _ in one }
    }
  }

  private static func openings(_ messages: [DueMessage], _ rules: ContactRules) -> Question<[Place: Timestamp]> {
    let places = Set(messages.filter { rules.hours[$0.purpose] != nil }.compactMap { Place(of: $0) })
    let sorted = places.sorted { ($0.zone, $0.purpose.rawValue) < ($1.zone, $1.purpose.rawValue) }
    guard !sorted.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select contact_opening(calendar, zone, clock_timestamp()) from unnest($1::bigint[], $2::text[])
        with ordinality u (calendar, zone, n) order by n
      """
    ) {
      $0.integers(sorted) { rules.hours[$0.purpose]?.calendar }
      $0.texts(sorted) { $0.zone }
    } reading: { rows in
      Dictionary(zip(sorted, rows.map { $0.timestamp(0) })) { one, _ in one }
    }
  }

  /// Two lanes that count contacts of one recipient do so one after the other.
  private static func locks(_ messages: [DueMessage]) -> Question<Void> {
    guard !messages.isEmpty else { return Question(known: ()) }
    return Question("select from recipient where name = any($1) order by name for update") {
      $0.texts(messages) { $0.recipient }
    }
  }

  private static func contacts(_ messages: [DueMessage], _ rules: ContactRules) -> Question<[String: [Contact]]> {
    guard !messages.isEmpty else { return Question(known: [:]) }
    let longest = rules.bounds.map(\.period).max() ?? .zero
    return Question(
      """
      select recipient, channel, purpose, at from contact
      where recipient = any($1) and at > clock_timestamp() - interval '1 second' * greatest($2,
        coalesce((select max(cap_seconds) from campaign where id = any($3)), 0) + 1)
      """
    ) {
      $0.texts(messages) { $0.recipient }
      $0.integer(longest.components.seconds + 1)
      $0.integers(rules.capped.isEmpty ? [] : Set(messages.map(\.campaign)).sorted()) { $0 }
    } reading: {
      Dictionary(
        $0.map {
          let purpose = Purpose(rawValue: $0.text(2)) ?? .marketing
          return ($0.text(0), [Contact(at: $0.timestamp(3), channel: $0.text(1), purpose: purpose)])
        }, uniquingKeysWith: +)
    }
  }

  // MARK: Deciding

  /// One after the other, so that two messages to one recipient see each other.
  public mutating func decide(_ message: DueMessage, _ now: Timestamp) -> ClaimChange {
    if let deadline = message.deadline, deadline <= now {
      return ClaimChange(message, .end(.expired, Reason("deadline-passed")), now)
    }
    if let reason = obstacle(message) ?? cap(message, now) {
      return ClaimChange(message, .end(.skipped, reason), now)
    }
    if let wait = self.wait(message, now) {
      guard let until = wait.until else { return ClaimChange(message, .end(.skipped, wait.reason), now) }
      if let deadline = message.deadline, deadline <= until {
        return ClaimChange(message, .end(.skipped, wait.reason), now)
      }
      return ClaimChange(message, .wait(until, wait.reason), now)
    }
    let reservation: Reservation?
    switch reserve(message) {
    case .none: reservation = nil
    case .success(let reserved): reservation = reserved
    case .failure(let reason): return ClaimChange(message, .end(.skipped, reason), now)
    }
    if counts(message) {
      contacts[message.recipient, default: []].append(
        Contact(at: now, channel: channel.rawValue, purpose: message.purpose))
    }
    return ClaimChange(message, .send(counts: counts(message)), now, reservation)
  }

  /// nil where no budget is named.
  private mutating func reserve(_ message: DueMessage) -> Result<Reservation, Reason>? {
    guard let name = message.budget else { return nil }
    guard let currency = budgets[name]?.currency else { return .failure(Reason("budget-removed", name)) }
    guard let price, price.currency == currency, let cost = price.times(message.parts ?? 1) else {
      return .failure(Reason("no-price", "\(message.gateway) has no price in \(currency), which \(name) is in"))
    }
    guard budgets[name]?.take(cost) == true else { return .failure(Reason("budget-spent", name)) }
    return .success(Reservation(name, cost))
  }

  private func counts(_ message: DueMessage) -> Bool { rules.counts(message.purpose) }

  /// Its campaign would rather not write than write once more.
  private func cap(_ message: DueMessage, _ now: Timestamp) -> Reason? {
    guard let cap = caps[message.campaign] else { return nil }
    let counted = (contacts[message.recipient] ?? []).filter {
      $0.purpose == message.purpose && $0.channel == channel.rawValue
    }
    guard cap.isReached(counted.map(\.at), now) else { return nil }
    return Reason("cap", "\(cap.most) in \(cap.period.components.seconds) s by \(channel.rawValue)")
  }

  /// Why it is never to be sent.
  private func obstacle(_ message: DueMessage) -> Reason? {
    let reasons = suppressed[message.address] ?? []
    if let hard = reasons.sorted().first(where: { $0 != "opted-out" }) { return Reason(hard) }
    guard message.purpose != .transactional else { return nil }
    if reasons.contains("opted-out") { return Reason("opted-out") }
    let consent = consents[message.id]
    if consent?.refused == true { return Reason("consent-refused") }
    if consent?.given != true, !rules.needNoConsent.contains(message.purpose) { return Reason("no-consent") }
    return nil
  }

  private func wait(_ message: DueMessage, _ now: Timestamp) -> (until: Timestamp?, reason: Reason)? {
    guard message.purpose != .transactional else { return nil }
    var latest: Timestamp?
    for bound in rules.bounds where bound.purpose == message.purpose {
      let counted = (contacts[message.recipient] ?? []).filter {
        $0.purpose == bound.purpose && (bound.isOfAllChannels || $0.channel == channel.rawValue)
      }
      guard let wait = ContactRules.wait(bound, counted.map(\.at), now) else { continue }
      let days = bound.period.components.seconds
      let of = bound.isOfAllChannels ? "all channels" : channel.rawValue
      let reason = Reason("frequency-cap", "\(bound.most) in \(days) s by \(of)")
      guard let until = wait else { return (nil, reason) }
      latest = max(latest ?? until, until)
    }
    if let latest { return (latest, Reason("frequency-cap")) }
    guard let hours = rules.hours[message.purpose], let place = Place(of: message), let opening = openings[place],
      opening > now
    else { return nil }
    // Spread evenly by number, so that a second lane which decides the same decides the same moment.
    let share = Double(message.id.multipliedReportingOverflow(by: 2_654_435_761).partialValue & 0xFFFF) / 65_536
    let spread = Double(hours.spread.components.seconds) * share
    return (
      Timestamp(microseconds: opening.microseconds + Int64(spread * 1_000_000)),
      Reason("outside-hours", message.timeZone)
    )
  }
}
