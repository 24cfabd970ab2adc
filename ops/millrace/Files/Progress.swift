/// A bar on the terminal for what takes minutes: share done, rate, time left. Nothing where standard error is no terminal.
struct Progress {
  private let output: Output
  private let total: Int
  private let began = ContinuousClock.now
  private var told: ContinuousClock.Instant?
  private static let interval = Duration.milliseconds(200)
  private static let barWidth = 24

  /// - Parameter total: in whatever `done` is counted in.
  init(of total: Int, _ output: Output) {
    self.total = total
    self.output = output
  }

  /// - Parameter rows: what the rate is of.
  mutating func show(done: Int, rows: Int) {
    guard output.showsProgress, told.map({ ContinuousClock.now - $0 >= Self.interval }) ?? true else { return }
    let now = ContinuousClock.now
    told = now
    output.overwrite(line(done: done, rows: rows, seconds: (now - began) / .seconds(1)))
  }

  /// Takes the bar away.
  func end() {
    if told != nil { output.overwrite("") }
  }

  func line(done: Int, rows: Int, seconds: Double) -> String {
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
    let filled = Int(share * Double(Self.barWidth))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
    let rate = seconds > 0 ? Int(Double(rows) / seconds) : 0
    var line = "[\(bar)] \(Int(share * 100)) %  \(rows) rows  \(rate)/s"
    if share > 0, share < 1, seconds >= 1 {
      let left = Int((seconds / share - seconds).rounded(.up))
      line += left < 60 ? "  \(left) s left" : "  \(left / 60) min \(left % 60) s left"
    }
    return line
  }
}
