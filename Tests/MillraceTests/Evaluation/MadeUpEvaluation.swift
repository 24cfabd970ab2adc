import Values

@testable import millrace

/// A campaign that went well, as made up as it gets: every part of a report has something to show.
enum MadeUpEvaluation {
  static let launched = moment("2027-03-01T01:00:00Z")

  static func moment(_ text: String) -> Timestamp { Timestamp(rfc3339: Array(text.utf8))! }
  static func money(_ amount: String, _ currency: String = "CNY") -> Money { Money(amount, currency)! }

  /// - Parameter title: what people wrote, of which nothing may become markup or a formula.
  static func evaluation(
    title: String = "Spring bonds 春季债券", hours: Int = 31 * 24, lift: Lift? = lift, settled: Bool = true,
    conversion: String? = "lead-converted", tasks: [EvaluationTasks] = tasks
  ) -> Evaluation {
    let total = counts(61_240)
    return Evaluation(
      plan: .init(
        id: 7, name: "spring-bonds-2027", title: title, objective: "cross-sell",
        state: settled ? "finished" : "running",
        branch: "CN-SH", branchName: "上海分公司", owner: "P1042", launchedAt: launched,
        expiresAt: moment("2027-03-31T10:00:00Z"), settledAt: settled ? moment("2027-03-31T10:05:00Z") : nil,
        variants: ["rate", "safety"], zone: "Asia/Shanghai",
        targets: .init(reach: 50_000, responses: 6_000, conversions: 900, assets: money("20000000")),
        conversion: conversion, occasions: 1),
      madeAt: moment("2027-04-02T02:13:09Z"),
      clock: BranchClock(
        zone: "Asia/Shanghai",
        [
          launched: "2027-03-01 09:00", moment("2027-03-31T10:05:00Z"): "2027-03-31 18:05",
          moment("2027-04-02T02:13:09Z"): "2027-04-02 10:13",
        ]),
      total: total,
      channels: [("sms", counts(48_000)), ("email", counts(9_400)), ("", notWritten(3_840))],
      variants: [("0", counts(30_700)), ("1", counts(30_540))],
      regions: regions.enumerated().map { ($1, counts(Int64(18_000 / ($0 + 1)), per: 20 + Int64($0 * 7 % 11))) },
      branches: (0..<16).map { ("B\($0)", counts(Int64(9_000 - $0 * 500))) },
      hours: (0..<hours).map { hour in (at(hour), spread(hour)) }.filter { $0.1 != EvaluationCounts() },
      endings: [
        .init(state: "skipped", reason: "opted-out", people: 3_027),
        .init(state: "failed", reason: "not-delivered", people: 1_204),
        .init(state: "skipped", reason: "no-address", people: 702),
        .init(state: "skipped", reason: "unsuitable", people: 111),
        .init(state: "expired", reason: "deadline-passed", people: 20),
      ],
      tasks: tasks,
      conversions: [
        .init(
          kind: "lead-converted", isGoal: true, standing: "credited", facts: 1_042, amounts: [money("21402399.50")]),
        .init(kind: "lead-converted", isGoal: true, standing: "held-out", facts: 31, amounts: [money("402000")]),
        .init(kind: "lead-converted", isGoal: true, standing: "before-send", facts: 4, amounts: []),
        .init(kind: "lead-converted", isGoal: true, standing: "not-reached", facts: 2, amounts: []),
        .init(
          kind: "earned", isGoal: false, standing: "credited", facts: 260,
          amounts: [money("86120"), money("1200.5", "HKD")]),
      ], lift: lift,
      assets: (1...30).flatMap { day in [assets(day, false), assets(day, true)] },
      earlier: [
        .init(
          name: "autumn-bonds-2026", title: "Autumn bonds 秋季债券", launchedAt: moment("2026-09-01T01:00:00Z"),
          counts: counts(40_000, per: 90),
          lift: nil),
        .init(
          name: "spring-bonds-2026", title: "=Spring bonds 2026", launchedAt: moment("2026-03-01T01:00:00Z"),
          counts: counts(12_500, per: 70),
          lift: Lift(treated: 11_000, control: 600, treatedConverted: 120, controlConverted: 9)),
      ],
      freshness: [
        .init(topic: "customer.value", heardTo: moment("2027-04-02T02:10:00Z")),
        .init(topic: "lead.ownership", heardTo: nil),
        .init(topic: "outreach.outcomes", heardTo: moment("2027-04-02T02:13:00Z")),
      ],
      branchNames: Dictionary(uniqueKeysWithValues: (0..<16).map { ("B\($0)", "第\($0 + 1)营业部 Branch \($0 + 1)") }))
  }

  static let lift = Lift(treated: 54_607, control: 2_904, treatedConverted: 1_042, controlConverted: 31)

  static let tasks: [EvaluationTasks] = [
    .init(state: "done", outcome: "interested", tasks: 310, late: 12),
    .init(state: "done", outcome: "unreachable", tasks: 61, late: 0),
    .init(state: "open", outcome: "", tasks: 9, late: 0),
    .init(state: "cancelled", outcome: "another-channel", tasks: 20, late: 0),
  ]

  private static let regions = [
    "CN-SH", "CN-JS/Nanjing", "CN-ZJ/Hangzhou", "CN-GD/Shenzhen", "CN-BJ", "CN-JS/Suzhou", "CN-ZJ/Ningbo",
    "CN-SC/Chengdu", "CN-HB/Wuhan",
    "CN-FJ/Xiamen", "CN-SD/Qingdao", "CN-SN/Xi'an", "CN-HN/Changsha", "",
  ]

  /// - Parameter per: conversions of ten thousand.
  static func counts(_ targeted: Int64, per: Int64 = 170) -> EvaluationCounts {
    var counts = EvaluationCounts()
    counts.targeted = targeted
    counts.heldOut = targeted * 5 / 100
    counts.skipped = targeted * 6 / 100
    counts.failed = targeted * 2 / 100
    counts.written = targeted - counts.heldOut - counts.skipped
    counts.reached = counts.written - counts.failed
    (counts.sent, counts.parts, counts.delivered) = (counts.written + 120, counts.written * 7 / 5, counts.reached)
    (counts.opened, counts.machineOpened) = (targeted / 20, targeted / 90)
    (counts.clicked, counts.machineClicked) = (targeted * 9 / 100, targeted / 400)
    (counts.replied, counts.responded) = (targeted * 3 / 100, targeted * 11 / 100)
    (counts.unsubscribed, counts.complained, counts.contacted) = (targeted / 300, targeted / 4_000, targeted * 5 / 100)
    counts.converted = Double(targeted * per) / 10_000 + 0.5
    counts.sums["CNY"] = .init(
      cost: counts.parts * 450, amount: counts.parts * 2_500_000, revenue: counts.parts * 10_000)
    counts.sums["HKD"] = .init(cost: 0, amount: 0, revenue: 12_005_000)
    return counts
  }

  private static func notWritten(_ people: Int64) -> EvaluationCounts {
    var counts = EvaluationCounts()
    (counts.targeted, counts.skipped) = (people, people)
    return counts
  }

  private static func at(_ hour: Int) -> String {
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    return "2027-03-\(two(1 + hour / 24)) \(two(hour % 24))"
  }

  /// Sent in three days of work, answered for a month.
  private static func spread(_ hour: Int) -> EvaluationCounts {
    let (day, clock) = (hour / 24, hour % 24)
    var counts = EvaluationCounts()
    if day < 3, (9...17).contains(clock) {
      counts.sent = Int64(2_300 - abs(clock - 11) * 90)
      counts.delivered = counts.sent * 96 / 100
    }
    let interest = [0, 0, 0, 0, 0, 0, 1, 3, 6, 9, 12, 11, 9, 8, 8, 7, 6, 6, 7, 9, 10, 8, 4, 1][clock]
    counts.responded = Int64(interest * max(0, 34 - day * 2) / 2)
    counts.converted = Double(interest * max(0, 30 - abs(day - 9)) / 24)
    return counts
  }

  private static func assets(_ day: Int, _ isControl: Bool) -> Evaluation.Assets {
    let people: Int64 = isControl ? 2_904 : 54_607
    let mean = isControl ? Double(day) * 6 - 40 : Double(day) * 21 - 30 + Double(day * 37 % 50)
    let baseline = money("\(people * 82_000)")
    return .init(
      day: day < 10 ? "2027-03-0\(day)" : "2027-03-\(day)", currency: "CNY", isControl: isControl, people: people,
      baseline: baseline,
      assets: Money(tenThousandths: baseline.tenThousandths + Int64(mean * Double(people) * 10_000), currency: "CNY"),
      mean: mean,
      variance: 4_000_000)
  }
}
