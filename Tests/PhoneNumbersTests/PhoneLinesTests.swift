import Testing

@testable import PhoneNumbers

@Suite("Lines of phone numbers") struct PhoneLinesTests {
  private func answers(to pieces: [String]) -> [[String]] {
    var lines = PhoneLines(in: PhoneCountry("CN"))
    var output: [UInt8] = []
    for piece in pieces { lines.answer(Array(piece.utf8)[...], to: &output) }
    lines.finish(to: &output)
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test("are answered one by one, in whatever pieces they come")
  func pieces() {
    let whole = answers(to: ["13812345678\r\ncall me\n+85261234567"])
    #expect(
      whole.map { Array($0.prefix(3)) } == [
        ["13812345678", "+8613812345678", "CN"], ["call me", "-", "-"], ["+85261234567", "+85261234567", "HK"],
      ])
    #expect(whole.allSatisfy { $0.count == 9 })
    #expect(whole[1].last == "not-a-number")
    #expect(answers(to: ["1381", "2345678\r", "\n", "call me\n+8526", "", "1234567"]) == whole)
    #expect(answers(to: ["13812345678\n"]).count == 1)
  }
}
