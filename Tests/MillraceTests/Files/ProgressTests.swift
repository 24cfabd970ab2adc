import Testing

@testable import millrace

@Suite struct ProgressTests {
  @Test("the bar tells the share, the rate and the time left")
  func line() {
    let progress = Progress(of: 1000, Output(showsProgress: true, out: { _ in }, err: { _ in }))
    #expect(
      progress.line(done: 250, rows: 5000, seconds: 10)
        == "[######..................] 25 %  5000 rows  500/s  30 s left")
    #expect(
      progress.line(done: 10, rows: 100, seconds: 2)
        == "[........................] 1 %  100 rows  50/s  3 min 18 s left")
    #expect(progress.line(done: 1000, rows: 7, seconds: 0) == "[########################] 100 %  7 rows  0/s")
  }

  @Test("it is written over on a terminal, taken away at the end, and nowhere else to be seen")
  func terminal() {
    for isTerminal in [true, false] {
      var err = ""
      var progress = Progress(of: 100, Output(showsProgress: isTerminal, out: { _ in }, err: { err += $0 }))
      progress.show(done: 50, rows: 1)
      progress.show(done: 51, rows: 2)
      progress.end()
      #expect(err == (isTerminal ? "\r\u{1B}[K[############............] 50 %  1 rows  \(rate(err))/s\r\u{1B}[K" : ""))
    }
  }

  private func rate(_ text: String) -> Substring {
    text.split(separator: " ").first { $0.contains("/s") }.map { $0.prefix { $0 != "/" } } ?? ""
  }
}
