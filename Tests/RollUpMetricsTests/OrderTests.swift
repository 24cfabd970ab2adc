import Contract
import Seeding
import Testing
import Topics
import Values

@testable import roll_up_metrics

/// Whatever the order of events, torn batches and times at which conversions are looked at: the same figures.
@Suite struct OrderTests {
  /// What happens to one person and campaign, or to one person: its steps keep their order, others come between.
  private enum Step {
    case accept(Int64, Int64, Int64)
    case hear(OutreachOutcomes)
    case value(CustomerValue, String)
    case convert(Int64, Int64, Int64)
    case finish(Int64, Int64, String, Int64)
    case log(ServiceRecorded.Entry)
  }

  @Test(
    "random interleavings come to the figures and credits of the clean stream",
    arguments: 1...6)
  func interleaved(stream: Int) async throws {
    try await FigureDesk.open { desk in
      var dice = Seeded(stream)
      let stories = try Self.world(desk, &dice)
      try Self.run(stories.flatMap { $0 }, desk) { _ in (batch: 1, isTorn: false, attributes: false) }
      let clean = (try desk.figures(), try desk.credits(), try desk.apart())
      #expect(clean.0.count > 20 && clean.1.count > 10, "seed \(Seeded.seed), stream \(stream)")

      try desk.session.run(
        script: """
          truncate campaign_figure, campaign_heard, conversion, conversion_credit, figure_apart, customer_value;
          update message set state = 'queued', accepted_at = null;
          update task set state = 'open', outcome = null, settled_at = null;
          update lead set state = 'held', customer_id = null, converted_at = null;
          """)
      try Self.run(Self.interleave(stories, &dice), desk) { _ in
        (batch: Int(dice.next(9)) + 1, isTorn: dice.next(4) == 0, attributes: dice.next(3) == 0)
      }
      #expect(try desk.figures() == clean.0, "seed \(Seeded.seed), stream \(stream)")
      #expect(try desk.credits() == clean.1, "seed \(Seeded.seed), stream \(stream)")
      #expect(try desk.apart() == clean.2, "seed \(Seeded.seed), stream \(stream)")
      #expect(try Self.differences(desk) == [], "seed \(Seeded.seed), stream \(stream)")
      for campaign in Int64(1)...8 {
        #expect(
          try desk.differences(campaign).filter { $0.hasPrefix("credit") } == [],
          "seed \(Seeded.seed), stream \(stream)")
      }
    }
  }

  /// Figures against what was heard.
  private static func differences(_ desk: FigureDesk) throws -> [String] {
    try desk.lines(
      """
      select format('%s %s %s', c.id, h.what, h.events) from campaign c cross join lateral figures_heard(c.id) h
      left join campaign_figure f on f.campaign_id = c.id and f.hour = h.hour and f.channel = h.channel and f.variant = h.variant
        and f.region = h.region and f.branch_id = h.branch_id and f.what = h.what and f.reason = h.reason and f.currency = h.currency
      where (f.events, f.parts, f.amount) is distinct from (h.events, h.parts, h.amount)
      """)
  }

  private static func world(_ desk: FigureDesk, _ dice: inout Seeded) throws -> [[Step]] {
    var stories: [[Step]] = []
    let goals = [
      FigureDesk.lastTouch, FigureDesk.even, #"{"by": "assets-added", "within": "P2D"}"#,
      #"{"by": "assets-added", "within": "P10D", "credit": "even"}"#, #"{"by": "contacted", "within": "PT24H"}"#,
    ]
    for campaign in Int64(1)...8 {
      let isOfLeads = campaign % 2 == 0
      try desk.campaign(
        campaign, goal: campaign == 8 ? nil : goals[Int(dice.next(5))], audience: isOfLeads ? "leads" : "customers")
      for subject in (isOfLeads ? Int64(101)...109 : 1...9) where dice.next(4) > 0 {
        if dice.next(4) == 0 {
          stories += try Self.task(desk, campaign, subject, &dice)
          continue
        }
        let isHeldOut = dice.next(5) == 0
        try desk.recipient(
          campaign, subject, variant: Int(dice.next(2)), state: isHeldOut ? "held-out" : "queued",
          region: dice.next(3) == 0 ? "CN-GD" : "CN-JS", at: Int64(dice.next(1_000)))
        // Some are never sent.
        guard !isHeldOut, dice.next(5) > 0 else { continue }
        let at = Int64(dice.next(400_000)) + 2_000
        var story: [Step] = [
          .accept(campaign, subject, at),
          .hear(desk.told(.accepted, campaign, subject, at: at, cost: yuan("0.0\(dice.next(9))"), parts: 2)),
        ]
        if dice.next(2) == 0 { story.append(.hear(desk.told(.delivered, campaign, subject, at: at + 9_000))) }
        if dice.next(3) == 0 {
          story.append(.hear(desk.told(.opened, campaign, subject, at: at + 20_000, machine: true)))
        }
        stories.append(story)
      }
      stories.append([.hear(desk.told(.accepted, campaign, 55, at: 5, cost: Money("1", "USD")))])
    }
    for number in 0..<25 {
      let (customer, at) = (Int64(dice.next(9)) + 1, Int64(dice.next(600_000)))
      let kind = CustomerValue.Kind.allCases[Int(dice.next(3))]
      let value = CustomerValue(
        kind, customer: "C\(customer)", yuan("\(dice.next(1_000)).0\(dice.next(9))"), at: moment(at))
      stories.append([.value(value, "\(number)")])
    }
    for lead in Int64(101)...109 where dice.next(2) == 0 {
      stories.append([.convert(lead, lead - 100, Int64(dice.next(600_000)))])
    }
    return stories
  }

  /// Done, with what the service log tells of it, or left.
  private static func task(
    _ desk: FigureDesk, _ campaign: Int64, _ subject: Int64, _ dice: inout Seeded
  ) throws -> [[Step]] {
    try desk.task(campaign, subject, at: Int64(dice.next(1_000)))
    guard dice.next(4) > 0 else { return [] }
    let (outcome, at) = (dice.next(4) == 0 ? "unreachable" : "declined", Int64(dice.next(400_000)) + 2_000)
    return [[.finish(campaign, subject, outcome, at), .log(desk.finished(subject, outcome, at: at))]]
  }

  /// Each story in its order, all of them mixed.
  private static func interleave(_ stories: [[Step]], _ dice: inout Seeded) -> [Step] {
    var left = stories.map { $0[...] }
    var mixed: [Step] = []
    while !left.isEmpty {
      let place = Int(dice.next(UInt64(left.count)))
      mixed.append(left[place].removeFirst())
      if left[place].isEmpty { left.remove(at: place) }
    }
    return mixed
  }

  /// Batch by batch; one that is torn is taken again, together with what has come since.
  private static func run(
    _ steps: [Step], _ desk: FigureDesk, _ turn: (Int) -> (batch: Int, isTorn: Bool, attributes: Bool)
  ) throws {
    var outcomes: [OutreachOutcomes] = []
    var values: [(CustomerValue, id: String)] = []
    var entries: [ServiceRecorded.Entry] = []
    var size = 1
    for (number, step) in steps.enumerated() {
      switch step {
      case .accept(let campaign, let subject, let at): try desk.accept(campaign, subject, at: at)
      case .hear(let outcome): outcomes.append(outcome)
      case .value(let value, let id): values.append((value, id: id))
      case .convert(let lead, let customer, let at): try desk.convert(lead, to: customer, at: at)
      case .finish(let campaign, let subject, let outcome, let at): try desk.finish(campaign, subject, outcome, at: at)
      case .log(let entry): entries.append(entry)
      }
      guard outcomes.count + values.count + entries.count >= size || number == steps.count - 1 else { continue }
      let next = turn(number)
      size = next.batch
      if next.isTorn, number < steps.count - 1 {
        try desk.hear(outcomes, isTorn: true)
        try desk.value(values, isTorn: true)
        try desk.contact(entries, isTorn: true)
      } else {
        try desk.hear(outcomes)
        try desk.value(values)
        try desk.contact(entries)
        (outcomes, values, entries) = ([], [], [])
      }
      if next.attributes { try desk.attribute() }
    }
    try desk.attribute()
  }
}

extension Seeded {
  fileprivate mutating func next(_ below: UInt64) -> UInt64 { next(upperBound: below) }
}
