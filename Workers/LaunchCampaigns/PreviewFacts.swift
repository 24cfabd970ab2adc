import Campaigns
import Contract
import Outreach
import Postgres
import Templates
import Topics
import Values

/// What a preview is worked out from.
struct PreviewFacts {
  let campaign: PlannedCampaign
  let launched: LaunchedCampaign
  let counts: [AudienceCount]
  let samples: [Candidate]
  /// By number.
  let branches: [Int64: String]
  let gateways: [Channel: GatewayBook]
  var intakes: [Channel: MessageIntake]
  let budget: Budget?
  /// When the last message would leave under the pace, as a question to the calendar that was answered for these counts; nil without
  /// a pace.
  let ends: Timestamp?

  struct Budget: Sendable {
    let name: String
    let currency: String
    /// Ten-thousandths; nil is without bound.
    let left: Int64?
  }

  var plan: CampaignDefinition { launched.plan }

  /// When what has not been sent is not sent any more.
  var expires: Timestamp {
    guard case .every(let recurrence) = plan.course, let occasion = campaign.occasion else { return campaign.expires }
    return min(campaign.expires, occasion.at.adding(seconds: recurrence.open.components.seconds))
  }

  static func gather(
    _ campaign: PlannedCampaign, _ plan: CampaignDefinition, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Result<PreviewFacts, PreviewFailure> {
    let launched: LaunchedCampaign
    switch try memory.launched(
      campaign.id, plan, branch: campaign.branch, seed: campaign.seed, of: campaign.occasion, transaction)
    {
    case .success(let campaign): launched = campaign
    case .failure(let refusal): return .failure(PreviewFailure(refusal.description))
    }
    var gateways: [Channel: GatewayBook] = [:]
    for channel in Set(plan.channels.compactMap(\.channel.message)) {
      var book = memory.intakes[channel]?.gateways ?? GatewayBook()
      book.take(try transaction.ask(book.news(channel)))
      gateways[channel] = book
    }
    if let absent = absentGateway(plan, gateways) { return .failure(absent) }
    let budget = try transaction.ask(askBudget(plan.budget))
    if let name = plan.budget, budget == nil { return .failure(PreviewFailure("budget: there is no budget \(name)")) }
    guard let (counts, samples) = try counted(launched.audience, transaction) else {
      return .failure(PreviewFailure("counting the audience took longer than \(mostSeconds) s"))
    }
    let branches = try transaction.ask(askBranches(Set(counts.compactMap(\.branch)).sorted()))
    var wanted: [Channel: [MessageIntake.Request]] = [:]
    for sample in samples {
      guard let place = sample.place, let channel = plan.channels[place].channel.message,
        let request = launched.request(to: sample, by: place, telling: sample.masked)
      else { continue }
      wanted[channel, default: []].append(request)
    }
    let intakes = try memory.intakes(for: wanted, transaction)
    var facts = PreviewFacts(
      campaign: campaign, launched: launched, counts: counts, samples: samples, branches: branches, gateways: gateways,
      intakes: intakes, budget: budget, ends: nil)
    facts = PreviewFacts(facts, ends: try transaction.ask(facts.askEnd(of: facts.tally.messages(of: plan))))
    return .success(facts)
  }

  private init(_ facts: PreviewFacts, ends: Timestamp?) {
    self.init(
      campaign: facts.campaign, launched: facts.launched, counts: facts.counts, samples: facts.samples,
      branches: facts.branches, gateways: facts.gateways, intakes: facts.intakes, budget: facts.budget, ends: ends)
  }

  private init(
    campaign: PlannedCampaign, launched: LaunchedCampaign, counts: [AudienceCount], samples: [Candidate],
    branches: [Int64: String], gateways: [Channel: GatewayBook], intakes: [Channel: MessageIntake], budget: Budget?,
    ends: Timestamp?
  ) {
    (self.campaign, self.launched, self.counts, self.samples) = (campaign, launched, counts, samples)
    (self.branches, self.gateways, self.intakes, self.budget) = (branches, gateways, intakes, budget)
    self.ends = ends
  }

  // MARK: Questions

  /// How long counting may take.
  private static let mostSeconds: Int64 = 60

  /// nil where it takes too long. With processes beside this one, as many as the server lends: people wait for it.
  private static func counted(
    _ audience: Audience, _ transaction: Transaction
  ) throws(PostgresError) -> ([AudienceCount], [Candidate])? {
    _ = try transaction.rows("savepoint counting")
    _ = try transaction.rows("set local statement_timeout = '60s'")
    do throws(PostgresError) {
      let (_, counts) = try transaction.ask(Audience.roomToCount, audience.counts())
      let samples: [Candidate] = try transaction.ask(audience.samples(counts))
      return (counts, samples)
    } catch {
      // query_canceled
      guard error.sqlState == "57014" else { throw error }
      _ = try transaction.rows("rollback to savepoint counting")
      return nil
    }
  }

  private static func askBranches(_ ids: [Int64]) -> Question<[Int64: String]> {
    guard !ids.isEmpty else { return Question(known: [:]) }
    return Question("select id, code from branch where id = any($1)") {
      $0.integers(ids) { $0 }
    } reading: {
      Dictionary($0.map { ($0.integer(0), $0.text(1)) }) { one, _ in one }
    }
  }

  private static func askBudget(_ name: String?) -> Question<Budget?> {
    guard let name else { return Question(known: nil) }
    return Question(
      "select name, currency, ((most - reserved - spent) * 10000)::bigint from budget where name = $1"
    ) {
      $0.text(name)
    } reading: {
      $0.first.map { Budget(name: $0.text(0), currency: $0.text(1), left: $0.optionalInteger(2)) }
    }
  }

  /// When so many messages have left under the pace, from the campaign's beginning on, within its hours.
  private func askEnd(of recipients: Int64) -> Question<Timestamp?> {
    guard let pace = plan.pace, recipients > 0 else { return Question(known: nil) }
    let (campaign, minutes) = (campaign, (recipients * 60 + Int64(pace) - 1) / Int64(pace))
    guard minutes <= Int64(Int32.max) else { return Question(known: nil) }
    return Question(
      """
      select case when $1::bigint is null then greatest($3, clock_timestamp()) + $4::integer * interval '1 minute'
        else working_deadline($1, $2, greatest($3, clock_timestamp()), $4::integer) end
      """
    ) {
      $0.integer(campaign.calendar)
      $0.text(campaign.timeZone)
      $0.timestamp(campaign.occasion?.at ?? campaign.starts)
      $0.small(Int32(minutes))
    } reading: {
      $0.first?.optionalTimestamp(0)
    }
  }

  // MARK: What a plan names and nobody has

  private static func absentGateway(
    _ plan: CampaignDefinition, _ gateways: [Channel: GatewayBook]
  ) -> PreviewFailure? {
    for (place, step) in plan.channels.enumerated() {
      guard let name = step.gateway, let channel = step.channel.message, gateways[channel]?[name] == nil else {
        continue
      }
      return PreviewFailure("channels[\(place)].gateway: there is no gateway \(name) for \(channel.rawValue)")
    }
    return nil
  }
}

extension Candidate {
  /// Nobody's name and number stand in what people who plan and review see.
  var masked: [String: TemplateValue] {
    var variables = variables
    if case .text(let name) = variables["name"] { variables["name"] = .text(name.prefix(1) + "**") }
    for fact in ["code", "number"] {
      if case .text(let number) = variables[fact] { variables[fact] = .text("***" + number.suffix(4)) }
    }
    // As long as it is, so that parts are counted rightly.
    for name in listed {
      if case .text(let text) = variables[name] {
        variables[name] = .text(String(text.enumerated().map { $0 > 0 && ($1.isLetter || $1.isNumber) ? "*" : $1 }))
      }
    }
    return variables
  }
}
