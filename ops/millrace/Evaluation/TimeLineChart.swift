/// What happened when: messages above, and what came of them below, on one axis of time.
struct TimeLineChart {
  typealias Both = CampaignWords.Both

  struct Point {
    /// `2027-03-01`, `2027-03-01 09:00` or `09`.
    let at: String
    let sent: Double
    let delivered: Double
    let responses: Double
    let converted: Double
  }

  let points: [Point]
  let label: Both

  init(_ points: [Point], _ label: Both) { (self.points, self.label) = (points, label) }

  var svg: String { Drawing.both(label) { draw($0) } }

  private var hasSuccess: Bool { points.contains { $0.responses > 0 || $0.converted > 0 } }

  private func draw(_ isWide: Bool) -> Drawing {
    let width = isWide ? Drawing.wideWidth : Drawing.narrowWidth
    let (left, right) = (isWide ? 52.0 : 38.0, 6.0)
    let (upper, lower, between) = (
      isWide ? 150.0 : 110.0, hasSuccess ? (isWide ? 100.0 : 80.0) : 0, hasSuccess ? 44.0 : 0
    )
    var drawing = Drawing(width: width, height: 24 + upper + between + lower + 26)
    let slot = (width - left - right) / Double(max(1, points.count))
    func x(_ place: Int) -> Double { left + slot * (Double(place) + 0.5) }

    legend(&drawing, 12, [("bar", Both("messages", "信息条数")), ("line1", Both("delivered", "送达"))], left)
    let messages = AxisScale(upTo: points.map { max($0.sent, $0.delivered) }.max() ?? 0, steps: isWide ? 3 : 2)
    axis(&drawing, messages, top: 24, height: upper, left: left)
    let bar = min(slot * 0.72, 46)
    for (place, point) in points.enumerated() where point.sent > 0 {
      let height = point.sent / messages.top * upper
      drawing.rectangle(x(place) - bar / 2, 24 + upper - height, bar, height, "bar-soft", round: min(2, bar / 4))
    }
    curve(&drawing, points.map(\.delivered), messages, top: 24, height: upper, x, "line1")
    if hasSuccess {
      let top = 24 + upper + between
      legend(&drawing, top - 12, [("line2", Both("responses", "响应")), ("line3", Both("conversions", "转化"))], left)
      let success = AxisScale(upTo: points.map { max($0.responses, $0.converted) }.max() ?? 0, steps: 2)
      axis(&drawing, success, top: top, height: lower, left: left)
      curve(&drawing, points.map(\.responses), success, top: top, height: lower, x, "line2")
      curve(&drawing, points.map(\.converted), success, top: top, height: lower, x, "line3")
    }
    let room = isWide ? 88.0 : 62.0
    let every = max(1, Int((room / slot).rounded(.up)))
    for (place, point) in points.enumerated() where place % every == 0 {
      let isLast = x(place) + room / 2 > width
      drawing.text(
        isLast ? width : max(x(place), left), drawing.height - 6, mark(point.at), "soft small",
        isLast ? .end : place == 0 && slot < room / 2 ? .start : .middle)
    }
    return drawing
  }

  /// Of a day without its year, of an hour without its day where that is that of the one before.
  private func mark(_ at: String) -> String {
    guard at.utf8.count > 2 else { return at }
    return String(at.dropFirst(5))
  }

  private func axis(_ drawing: inout Drawing, _ scale: AxisScale, top: Double, height: Double, left: Double) {
    for mark in scale.marks {
      let y = top + height - mark / scale.top * height
      drawing.line(left, y, drawing.width, y, mark == 0 ? "axis" : "grid")
      drawing.text(left - 7, y + 4, roundNumber(mark), "soft small", .end)
    }
  }

  private func curve(
    _ drawing: inout Drawing, _ values: [Double], _ scale: AxisScale, top: Double, height: Double, _ x: (Int) -> Double,
    _ style: String
  ) {
    let places = values.enumerated().map { (x($0.offset), top + height - $0.element / scale.top * height) }
    drawing.polyline(places, style)
    // Single ones would be lost in a line.
    for (place, value) in zip(places, values) where value > 0 && values.count <= 31 {
      drawing.circle(place.0, place.1, 2.4, "\(style) dot")
    }
  }

  private func legend(_ drawing: inout Drawing, _ y: Double, _ items: [(style: String, words: Both)], _ left: Double) {
    var x = left
    for item in items {
      if item.style == "bar" {
        drawing.rectangle(x, y - 9, 12, 10, "bar-soft")
      } else {
        drawing.line(x, y - 4, x + 14, y - 4, item.style)
      }
      drawing.text(x + 19, y, item.words, "soft small")
      x += 100
    }
  }
}
