import Campaigns
import Contract
import Postgres
import Topics
import Values

/// What a batch of outcomes comes to.
struct FigureBook {
  /// How far a thing may lie before its campaign's launch, and after the event that tells of it: clocks of gateways are not ours.
  private static let skew: Int64 = 3600
  /// Ten-thousandths: nobody pays more for a message, and sums of a batch stay exact.
  private static let largestCost: Int64 = 10_000_000_000_000

  private let campaigns: [Int64: CampaignMemory.Known]
  private let places: [CampaignMemory.Recipient: FigurePlace]
  /// Campaigns of messages of which nothing else is left.
  private let erased: [Int64: Int64]

  /// By campaign, in the order in which they came.
  private var counted: [Int64: [HeardOutcome]] = [:]
  private var sums: [FigureKey: FigureSum] = [:]
  private(set) var apart = Apart(OutreachOutcomes.topic)
  private var touches: Set<Touched> = []

  /// Whom a message has reached now.
  struct Touched: Hashable {
    let subject: Int64
    let isLead: Bool
  }

  init(
    _ outcomes: [Delivery<OutcomeReading>], _ memory: inout CampaignMemory, _ transaction: Transaction
  ) throws(PostgresError) {
    var recipients: Set<CampaignMemory.Recipient> = []
    var lost: [Int64] = []
    for outcome in outcomes {
      if let of = outcome.event.of { recipients.insert(CampaignMemory.Recipient(of)) }
      if outcome.event.isErased { lost.append(outcome.event.message) }
    }
    erased = try transaction.ask(FigureBook.erased(lost))
    (campaigns, places) = try memory.know(recipients, and: Set(erased.values), transaction)
  }

  init(
    campaigns: [Int64: CampaignMemory.Known], places: [CampaignMemory.Recipient: FigurePlace] = [:],
    erased: [Int64: Int64] = [:]
  ) {
    (self.campaigns, self.places, self.erased) = (campaigns, places, erased)
  }

  private static func erased(_ messages: [Int64]) -> Question<[Int64: Int64]> {
    guard !messages.isEmpty else { return Question(known: [:]) }
    return Question("select id, campaign_id from message where id = any($1) and campaign_id <> 0") {
      $0.integers(messages) { $0 }
    } reading: {
      Dictionary($0.map { ($0.integer(0), $0.integer(1)) }) { one, _ in one }
    }
  }

  // MARK: Deciding

  mutating func hear(_ outcome: Delivery<OutcomeReading>) -> Decision<Void> {
    let reading = outcome.event
    guard let id = reading.of?.campaign ?? (reading.isErased ? erased[reading.message] : nil) else {
      return .ignore("of-no-campaign")
    }
    guard let campaign = campaigns[id] else { return keepApart("unknown-campaign", outcome) }
    guard let place = reading.of.map({ places[CampaignMemory.Recipient($0)] }) ?? .erased else {
      return keepApart("unknown-recipient", outcome)
    }
    guard reading.at >= campaign.launched.adding(seconds: -FigureBook.skew),
      reading.at <= outcome.happened.adding(seconds: FigureBook.skew)
    else { return keepApart("out-of-range", outcome) }
    let cost = cost(of: outcome)
    count(HeardOutcome(reading, of: id, at: place, cost: cost))
    if reading.isFirstResponse { count(HeardOutcome(firstResponse: reading, of: id, at: place)) }
    if campaign.hasGoal, reading.isTouch, let subject = reading.of?.subject {
      touches.insert(Touched(subject: subject, isLead: campaign.isOfLeads))
    }
    return .apply((), outcome: "counted")
  }

  private mutating func count(_ event: HeardOutcome) {
    counted[event.key.campaign, default: []].append(event)
    sums[event.key, default: FigureSum()].add(event)
  }

  /// A message counts, whatever is wrong with what it cost.
  private mutating func cost(of outcome: Delivery<OutcomeReading>) -> Money? {
    guard let cost = outcome.event.cost else { return nil }
    guard (0...FigureBook.largestCost).contains(cost.tenThousandths) else {
      apart.add(cost.tenThousandths < 0 ? "negative-amount" : "implausible-amount", cost, of: outcome)
      return nil
    }
    return cost
  }

  private mutating func keepApart(_ reason: StaticString, _ outcome: Delivery<OutcomeReading>) -> Decision<Void> {
    apart.add(reason, outcome.event.cost, of: outcome)
    return .apply((), outcome: reason)
  }

  // MARK: Writing

  /// Campaign by campaign.
  var heard: [HeardOutcome] { counted.values.flatMap(\.self) }

  /// In the order of the table's key, so that two lanes lock alike.
  var increments: [(key: FigureKey, sum: FigureSum)] {
    sums.map { (key: $0.key, sum: $0.value) }.sorted { $0.key < $1.key }
  }

  var touched: [Touched] { touches.sorted { ($0.isLead ? 1 : 0, $0.subject) < ($1.isLead ? 1 : 0, $1.subject) } }
}
