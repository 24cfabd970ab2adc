/// How much more often those converted who were written to: the difference, and between what it lies.
struct LiftChart {
  typealias Both = CampaignWords.Both

  let lift: Lift

  var svg: String { Drawing.both(Both("Lift with its interval", "提升及其置信区间")) { draw($0) } }

  private func draw(_ isWide: Bool) -> Drawing {
    let width = isWide ? Drawing.wideWidth : Drawing.narrowWidth
    let left = isWide ? 150.0 : 0
    let span = isWide ? width - left - 110 : width - 64
    let row = isWide ? 32.0 : 48.0
    var drawing = Drawing(width: width, height: row * 2 + 104)
    let most = max(lift.treatedRate, lift.controlRate, 1e-9)
    let groups = [
      (Both("Written to", "实验组"), lift.treatedRate, "step"), (Both("Control group", "对照组"), lift.controlRate, "held"),
    ]
    for (place, group) in groups.enumerated() {
      let y = Double(place) * row
      let bar = y + (isWide ? 0 : 20)
      if isWide {
        drawing.text(left - 18, y + 16, group.0, "strong", .end)
      } else {
        drawing.text(0, y + 13, group.0, "strong")
      }
      drawing.rectangle(left, bar, span, isWide ? 22 : 16, "track", round: 3)
      drawing.rectangle(left, bar, max(2, group.1 / most * span), isWide ? 22 : 16, group.2, round: 3)
      drawing.text(left + span + 12, bar + (isWide ? 16 : 13), shareShown(group.1), "strong")
    }
    interval(&drawing, top: row * 2 + 18, left: left, span: span, isWide)
    return drawing
  }

  private func interval(_ drawing: inout Drawing, top: Double, left: Double, span: Double, _ isWide: Bool) {
    let (low, high) = (min(lift.low, 0), max(lift.high, 0))
    let room = max(high - low, 1e-9) * 0.12
    let (from, to) = (low - room, high + room)
    func x(_ value: Double) -> Double { left + (value - from) / (to - from) * span }
    let y = top + 30
    if isWide { drawing.text(left - 18, y + 5, Both("Difference", "差异"), "strong", .end) }
    drawing.line(left, y + 26, left + span, y + 26, "axis")
    drawing.line(x(0), top + 6, x(0), y + 31, "zero")
    drawing.text(x(0), y + 46, "0", "soft small", .middle)
    drawing.rectangle(x(lift.low), y - 7, x(lift.high) - x(lift.low), 14, "interval", round: 7)
    drawing.line(x(lift.low), y - 9, x(lift.low), y + 9, "whisker")
    drawing.line(x(lift.high), y - 9, x(lift.high), y + 9, "whisker")
    drawing.circle(x(lift.difference), y, 6, "point")
    let shown = "\(points(lift.difference).english)"
    drawing.text(x(lift.difference), top + 12, Both(shown, points(lift.difference).chinese), "strong", .middle)
    // What would lie on the zero is left to the sentence below.
    for (end, anchor) in [(lift.low, Drawing.Anchor.middle), (lift.high, .middle)] where abs(x(end) - x(0)) > 34 {
      drawing.text(x(end), y + 46, points(end), "soft small", anchor)
    }
  }

  private func points(_ share: Double) -> Both { LiftChart.points(share) }

  /// A difference of shares in points: `+1.82 pt`.
  static func points(_ share: Double) -> Both {
    let hundredths = Int64((share * 10_000).rounded())
    let size = hundredths.magnitude
    let fraction = size % 100
    let text = "\(hundredths < 0 ? "−" : "+")\(size / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    return Both("\(text) pt", "\(text) 个百分点")
  }
}
