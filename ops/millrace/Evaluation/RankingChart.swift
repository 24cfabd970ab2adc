internal import Printing

/// Who comes first: a bar for each, the longest on top.
struct RankingChart {
  typealias Both = CampaignWords.Both

  struct Bar {
    let rank: Int
    let name: Both
    let value: Double
    /// Beside the bar.
    let shown: Both
    /// After it, smaller.
    let remark: Both?
  }

  let bars: [Bar]
  let label: Both

  var svg: String { Drawing.both(label) { draw($0) } }

  private func draw(_ isWide: Bool) -> Drawing {
    let row = isWide ? 28.0 : 42.0
    let width = isWide ? Drawing.wideWidth : Drawing.narrowWidth
    var drawing = Drawing(width: width, height: Double(bars.count) * row + 2)
    let most = max(bars.map(\.value).max() ?? 1, 1e-9)
    let (left, span) = isWide ? (178.0, 470.0) : (24.0, width - 24)
    for (place, bar) in bars.enumerated() {
      let y = Double(place) * row
      let length = bar.value > 0 ? max(2, bar.value / most * span) : 0
      drawing.text(0, y + 15, "\(bar.rank)", "soft small")
      if isWide {
        drawing.text(24, y + 15, Both(Self.short(bar.name.english), Self.short(bar.name.chinese)), "strong")
        drawing.rectangle(left, y, span, row - 8, "track", round: 3)
        drawing.rectangle(left, y, length, row - 8, place == 0 ? "lead" : "step", round: 3)
        drawing.text(left + span + 14, y + 15, bar.shown, "strong")
        if let remark = bar.remark { drawing.text(width, y + 15, remark, "soft small", .end) }
      } else {
        drawing.text(24, y + 15, Both(Self.short(bar.name.english), Self.short(bar.name.chinese)), "strong")
        let both = bar.remark.map {
          Both("\(bar.shown.english) · \($0.english)", "\(bar.shown.chinese) · \($0.chinese)")
        }
        drawing.text(width, y + 15, both ?? bar.shown, "small", .end)
        drawing.rectangle(left, y + 22, span, 9, "track", round: 3)
        drawing.rectangle(left, y + 22, length, 9, place == 0 ? "lead" : "step", round: 3)
      }
    }
    return drawing
  }

  /// What fits beside a bar.
  static func short(_ name: String) -> String {
    guard displayWidth(name) > 20 else { return name }
    var kept = ""
    for letter in name {
      if displayWidth(kept) + displayWidth(String(letter)) > 18 { break }
      kept.append(letter)
    }
    return kept + "…"
  }
}
