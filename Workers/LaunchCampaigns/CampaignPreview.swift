import Campaigns
import Contract
import Outreach
import Topics
import Values

/// What a campaign would do, in numbers and examples.
struct CampaignPreview {
  /// A message as somebody of the audience would get it.
  struct Sample {
    let place: Int
    let variant: Int
    let language: String?
    /// With most of it hidden; of a task the code of whoever would get it.
    let to: String
    let subject: String?
    let text: String
    /// Of a short message.
    let parts: Int64?
  }

  let facts: PreviewFacts
  let madeAt: Timestamp
  let tally: PreviewTally
  private(set) var samples: [Sample] = []
  /// The largest of the samples' short messages, and the mean over those who get one.
  private(set) var parts: (most: Int64, mean: Double)?
  private(set) var cost: Money?
  private(set) var warnings: [String] = []

  /// Characters of a sample's text.
  private static let longestText = 2_000

  init(_ facts: inout PreviewFacts, _ now: Timestamp) {
    madeAt = now
    tally = facts.tally
    var sentences: Set<String> = []
    let samples = facts.samples.sorted {
      ($0.variant, $0.place ?? 0, $0.language ?? "", $0.subject) < (
        $1.variant, $1.place ?? 0, $1.language ?? "", $1.subject
      )
    }
    for candidate in samples {
      switch facts.compose(candidate, now) {
      case .success(.message(let message)): self.samples.append(Sample(message, candidate))
      case .success(.task(let task)): self.samples.append(Sample(task, candidate))
      // Those whom no gateway serves are counted as skipped.
      case .failure(let unmade) where tally.skipped[unmade.reason] != nil: continue
      case .failure(let unmade): sentences.insert(unmade.detail ?? unmade.reason)
      }
    }
    self.facts = facts
    parts = meanParts()
    warnings = sentences.sorted().map { "a sample cannot be made: \($0)" }
    count()
    look(now)
  }

  // MARK: Parts and cost

  /// Of a group's samples, else of its channel's, else one.
  private func parts(of group: PreviewTally.Group) -> Double {
    let channel = samples.filter { $0.place == group.place }
    let own = channel.filter { $0.variant == group.variant && $0.language == group.language }
    let counted = (own.isEmpty ? channel : own).compactMap(\.parts)
    return counted.isEmpty ? 1 : Double(counted.reduce(0, +)) / Double(counted.count)
  }

  private func meanParts() -> (most: Int64, mean: Double)? {
    let texts = tally.send.filter { facts.plan.channels[$0.key.place].channel == .sms }
    let recipients = texts.values.reduce(0, +)
    guard recipients > 0, let most = samples.compactMap(\.parts).max() else { return nil }
    let all = texts.reduce(0) { $0 + parts(of: $1.key) * Double($1.value) }
    return (most, all / Double(recipients))
  }

  /// What the messages cost at the first gateway of each; nil where nobody can tell.
  private mutating func count() {
    var cost: [String: Double] = [:]
    var unpriced: Set<String> = []
    for (group, recipients) in tally.send {
      guard let gateway = facts.gateway(of: group) else { continue }
      guard let price = gateway.description.price else {
        unpriced.insert(gateway.name)
        continue
      }
      cost[price.currency, default: 0] += Double(price.tenThousandths) * parts(of: group) * Double(recipients)
    }
    for name in unpriced.sorted() { warnings.append("what it costs is not known: the gateway \(name) has no price") }
    if cost.count > 1 {
      warnings.append("what it costs is not one sum: prices are in \(cost.keys.sorted().joined(separator: " and "))")
    }
    guard unpriced.isEmpty, cost.count == 1, let (currency, amount) = cost.first, amount < 9e17 else { return }
    self.cost = Money(tenThousandths: Int64(amount.rounded()), currency: currency)
  }

  // MARK: Warnings

  private mutating func look(_ now: Timestamp) {
    if tally.recipients == 0 { warnings.append("nobody gets a message") }
    lookAtTasks(now)
    lookAtBudget()
    if facts.campaign.expires <= now {
      warnings.append("it has expired")
    } else if let pace = facts.plan.pace, let ends = facts.ends, ends > facts.expires {
      warnings.append(
        "at \(pace) messages an hour it would end at \(ends.rfc3339), after it has expired (\(facts.expires.rfc3339))"
      )
    }
    for (channel, book) in facts.gateways.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      for (name, reason) in book.broken.sorted(by: { $0.key < $1.key }) {
        warnings.append("the gateway \(name) for \(channel.rawValue) cannot be read: \(reason)")
      }
      for gateway in book.gateways where !gateway.isEnabled {
        warnings.append("the gateway \(gateway.name) for \(channel.rawValue) is not enabled")
      }
    }
    if case .every = facts.plan.course {
      if let occasion = facts.campaign.occasion, occasion.at < facts.campaign.expires {
        warnings.append("it comes again: this is what it would do on \(occasion.day)")
      } else {
        warnings.append("it expires before it comes for the first time")
      }
    }
    if facts.plan.course == .joined {
      warnings.append("those who come to fulfil the filter until it expires join it, and are not counted here")
    }
    if facts.plan.channels.count > 1 {
      warnings.append("those for whom another channel stands in later are counted once, by their first channel")
    }
  }

  /// What is due after the end can be done until the end alone.
  private mutating func lookAtTasks(_ now: Timestamp) {
    guard let task = facts.plan.channels.compactMap(\.task).first else { return }
    let due = max(now, facts.campaign.starts).adding(seconds: task.due.components.seconds)
    guard facts.campaign.expires > now, due > facts.campaign.expires else { return }
    warnings.append(
      "tasks would be due at \(due.rfc3339), after it has expired (\(facts.campaign.expires.rfc3339))")
  }

  private mutating func lookAtBudget() {
    guard let budget = facts.budget else { return }
    guard let cost else { return }
    guard cost.currency == budget.currency else {
      warnings.append(
        "the budget \(budget.name) is in \(budget.currency), and prices are in \(cost.currency): nothing would be sent")
      return
    }
    guard let left = budget.left, cost.tenThousandths > left else { return }
    warnings.append(
      "the budget \(budget.name) would not last: \(cost) are wanted and \(Money(tenThousandths: left, currency: budget.currency)) are left"
    )
  }
}

extension CampaignPreview.Sample {
  fileprivate init(_ message: NewMessage, _ candidate: Candidate) {
    (place, variant, language) = (candidate.place ?? 0, candidate.variant, message.language)
    if let phone = message.phone.map(String.init) {
      to = "+" + String(repeating: "*", count: max(0, phone.count - 4)) + phone.suffix(4)
    } else {
      to = "***@" + (message.email ?? "").drop { $0 != "@" }.dropFirst()
    }
    subject = message.subject
    text = String(message.body.prefix(CampaignPreview.longestText))
    parts = message.channel == .sms ? message.parts.map { Int64($0) } : nil
  }

  fileprivate init(_ task: NewTask, _ candidate: Candidate) {
    (place, variant, language) = (candidate.place ?? 0, candidate.variant, candidate.language)
    to = candidate.manager?.code ?? ""
    (subject, parts) = (nil, nil)
    text = String(task.script.prefix(CampaignPreview.longestText))
  }
}

extension PreviewFacts {
  var tally: PreviewTally { PreviewTally(counts, plan, branches: branches, gateways: gateways) }

  mutating func compose(_ candidate: Candidate, _ now: Timestamp) -> Result<Approach, Unmade> {
    guard let place = candidate.place else { return .failure(.noAddress) }
    let told = candidate.masked
    let request = launched.request(to: candidate, by: place, telling: told)
    return intakes.approach(candidate, of: launched, by: place, request, telling: told, now)
  }

  /// The first that would be tried.
  func gateway(of group: PreviewTally.Group) -> GatewayBook.Gateway? {
    let step = plan.channels[group.place]
    guard let channel = step.channel.message, let book = gateways[channel] else { return nil }
    if let name = step.gateway { return book[name] }
    let country = step.channel == .sms ? PreviewTally.country(group.region) : nil
    // Of those of whom nobody knows where they are: the one that most would have.
    return book.candidates(country, plan.purpose).first ?? book.gateways.first
  }
}
