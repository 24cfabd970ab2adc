/// What people have beyond what they had at the launch, day by day, each on average: those who were written to against those who were left
/// alone.
struct AssetsChart {
  typealias Both = CampaignWords.Both

  /// Of one currency.
  let days: [Evaluation.Assets]

  var svg: String { Drawing.both(Both("Assets added, each", "人均新增资产")) { draw($0) } }

  private func draw(_ isWide: Bool) -> Drawing {
    let width = isWide ? Drawing.wideWidth : Drawing.narrowWidth
    let (left, top, height) = (isWide ? 64.0 : 46.0, 26.0, isWide ? 170.0 : 130.0)
    var drawing = Drawing(width: width, height: top + height + 26)
    let known = Array(Set(days.map(\.day))).sorted()
    let places = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
    let highest = AxisScale(upTo: max(0, days.map(\.mean).max() ?? 0), steps: 4)
    let lowest = min(0, days.map(\.mean).min() ?? 0)
    let bottom = lowest < 0 ? -(lowest / highest.step).rounded(.down) * highest.step : 0
    let all = highest.top + bottom
    let step = known.count > 1 ? (width - left - 10) / Double(known.count - 1) : 0
    func x(_ day: String) -> Double { left + Double(places[day] ?? 0) * step }
    func y(_ value: Double) -> Double { top + height - (value + bottom) / all * height }
    for mark in stride(from: -bottom, through: highest.top + highest.step / 2, by: highest.step) {
      drawing.line(left, y(mark), width, y(mark), abs(mark) < highest.step / 2 ? "axis" : "grid")
      drawing.text(left - 7, y(mark) + 4, roundNumber(mark), "soft small", .end)
    }
    for (place, group) in [(false, Both("written to", "实验组")), (true, Both("control group", "对照组"))].enumerated() {
      let line = days.filter { $0.isControl == group.0 }.sorted { $0.day < $1.day }
      guard !line.isEmpty else { continue }
      let style = group.0 ? "line-held" : "line1"
      drawing.polyline(line.map { (x($0.day), y($0.mean)) }, style)
      if let last = line.last { drawing.circle(x(last.day), y(last.mean), 3.2, "\(style) dot") }
      drawing.line(left + Double(place) * 110, 8, left + Double(place) * 110 + 14, 8, style)
      drawing.text(left + Double(place) * 110 + 19, 12, group.1, "soft small")
    }
    let room = isWide ? 88.0 : 62.0
    let every = step > 0 ? max(1, Int((room / step).rounded(.up))) : 1
    for (place, day) in known.enumerated() where place % every == 0 {
      let isLast = x(day) + room / 2 > width
      drawing.text(
        isLast ? width : x(day), drawing.height - 6, String(day.dropFirst(5)), "soft small",
        isLast ? .end : place == 0 ? .start : .middle)
    }
    return drawing
  }
}
