internal import Printing

/// A picture of a page, drawn with words in both languages and with the page's own colours.
///
/// Lengths are pixels of a phone, or of a page that is `wide`: letters stay as large as they are on either.
struct Drawing {
  typealias Both = CampaignWords.Both

  enum Anchor: String { case start, middle, end }

  let width: Double
  let height: Double
  private var marks = ""

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, round: Double = 2
  ) {
    marks +=
      "<rect class=\"\(style)\" x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(0, width)))\" height=\"\(n(max(0, height)))\" rx=\"\(n(round))\"/>"
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    marks += "<line class=\"\(style)\" x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\"/>"
  }

  mutating func polyline(_ points: [(Double, Double)], _ style: String) {
    marks += "<polyline class=\"\(style)\" points=\"\(path(points))\"/>"
  }

  mutating func polygon(_ points: [(Double, Double)], _ style: String) {
    marks += "<polygon class=\"\(style)\" points=\"\(path(points))\"/>"
  }

  mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ style: String) {
    marks += "<circle class=\"\(style)\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\"/>"
  }

  mutating func text(_ x: Double, _ y: Double, _ words: Both, _ style: String = "", _ anchor: Anchor = .start) {
    let place = "x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor.rawValue)\""
    if words.english == words.chinese {
      marks += "<text class=\"\(style)\" \(place)>\(escaped(words.english))</text>"
    } else {
      marks += "<text class=\"en \(style)\" \(place)>\(escaped(words.english))</text>"
      marks += "<text class=\"zh \(style)\" \(place) lang=\"zh-CN\">\(escaped(words.chinese))</text>"
    }
  }

  mutating func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "", _ anchor: Anchor = .start) {
    self.text(x, y, Both(text, text), style, anchor)
  }

  /// - Parameter style: `wide` or `narrow`, of which a page shows one.
  func svg(_ style: String, _ label: Both) -> String {
    """
    <svg class="\(style)" viewBox="0 0 \(n(width)) \(n(height))" role="img" aria-label="\(escaped(label.english)) · \(escaped(label.chinese))">\(marks)</svg>
    """
  }

  private func path(_ points: [(Double, Double)]) -> String {
    points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
  }

  private func n(_ value: Double) -> String {
    let text = oneDecimal(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Drawn for a page of either width.
  static func both(_ label: Both, _ draw: (_ isWide: Bool) -> Drawing) -> String {
    draw(true).svg("wide", label) + "\n" + draw(false).svg("narrow", label)
  }

  static let wideWidth = 860.0
  static let narrowWidth = 300.0
}

/// A round number at which an axis can end, and its parts: 1, 2 or 5 times a power of ten.
struct AxisScale {
  let top: Double
  let step: Double

  init(upTo value: Double, steps: Int = 4) {
    guard value > 0, value.isFinite else {
      (top, step) = (1, 1)
      return
    }
    var unit = 1.0
    while unit * 10 <= value / Double(steps) { unit *= 10 }
    while unit > value / Double(steps), unit > 1e-12 { unit /= 10 }
    let wanted = value / Double(steps)
    let chosen = [1.0, 2, 5, 10].first { $0 * unit >= wanted } ?? 10
    step = chosen * unit
    top = (value / step).rounded(.up) * step
  }

  var marks: [Double] { Array(stride(from: 0, through: top + step / 2, by: step)) }
}

/// 12,000 as `12k`, 3,400,000 as `3.4M`; the same in Chinese as `1.2万`, `340万`.
func roundNumber(_ value: Double) -> CampaignWords.Both {
  func with(_ unit: Double, _ word: String) -> String { plainDecimal(value / unit) + word }
  let size = abs(value)
  let english =
    size >= 1e9 ? with(1e9, "bn") : size >= 1e6 ? with(1e6, "M") : size >= 10_000 ? with(1e3, "k") : plainDecimal(value)
  let chinese = size >= 1e8 ? with(1e8, "亿") : size >= 1e4 ? with(1e4, "万") : plainDecimal(value)
  return CampaignWords.Both(english, chinese)
}
