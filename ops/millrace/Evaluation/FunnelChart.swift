/// How many of the audience got how far: a bar for each stage, as wide as it is large, and what joins it to the next.
struct FunnelChart {
  typealias Both = CampaignWords.Both

  let stages: [(stage: String, number: Int64)]

  var svg: String {
    Drawing.both(Both("From the audience to success", "转化漏斗")) { $0 ? wide : narrow }
  }

  private var most: Double { max(1, Double(stages.map(\.number).max() ?? 1)) }

  private func share(_ place: Int) -> String {
    stages[0].number > 0 ? shareShown(Double(stages[place].number) / Double(stages[0].number)) : "–"
  }

  private func before(_ place: Int) -> Both? {
    guard place > 0, stages[place - 1].number > 0 else { return nil }
    let share = shareShown(Double(stages[place].number) / Double(stages[place - 1].number))
    return Both("\(share) of those before", "占上一阶段 \(share)")
  }

  private var wide: Drawing {
    let (bar, gap, left, span) = (38.0, 22.0, 150.0, 440.0)
    var drawing = Drawing(width: Drawing.wideWidth, height: Double(stages.count) * (bar + gap) - gap + 4)
    let middle = left + span / 2
    func half(_ place: Int) -> Double { max(1.5, Double(stages[place].number) / most * span / 2) }
    for (place, stage) in stages.enumerated() {
      let y = 2 + Double(place) * (bar + gap)
      if place + 1 < stages.count {
        drawing.polygon(
          [
            (middle - half(place), y + bar), (middle + half(place), y + bar),
            (middle + half(place + 1), y + bar + gap), (middle - half(place + 1), y + bar + gap),
          ], "join")
      }
      drawing.rectangle(middle - half(place), y, half(place) * 2, bar, "step step\(place)", round: 3)
      drawing.text(left - 18, y + bar / 2 + 5, EvaluationWords.stage(stage.stage), "strong", .end)
      drawing.text(left + span + 24, y + bar / 2 + 6, grouped(stage.number), "big")
      drawing.text(left + span + 130, y + bar / 2 + 5, share(place), "strong")
      if let before = before(place) { drawing.text(left + span + 130, y + bar / 2 + 20, before, "soft small") }
    }
    return drawing
  }

  private var narrow: Drawing {
    let (row, bar) = (58.0, 20.0)
    var drawing = Drawing(width: Drawing.narrowWidth, height: Double(stages.count) * row)
    let middle = drawing.width / 2
    func half(_ place: Int) -> Double { max(1.5, Double(stages[place].number) / most * middle) }
    for (place, stage) in stages.enumerated() {
      let y = Double(place) * row
      drawing.text(0, y + 16, EvaluationWords.stage(stage.stage), "strong")
      drawing.text(drawing.width, y + 16, "\(grouped(stage.number))  ·  \(share(place))", "strong", .end)
      if place + 1 < stages.count {
        drawing.polygon(
          [
            (middle - half(place), y + 24 + bar), (middle + half(place), y + 24 + bar),
            (middle + half(place + 1), y + row + 24), (middle - half(place + 1), y + row + 24),
          ], "join")
      }
      drawing.rectangle(middle - half(place), y + 24, half(place) * 2, bar, "step step\(place)", round: 3)
    }
    return drawing
  }
}
