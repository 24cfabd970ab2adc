import Glibc
import PhoneNumbers
import Seeding
import Testing

@Suite("Any bytes at all")
struct PhoneTextPropertyTests {
  private static let pieces = [
    "+", "00", "0", "86", "139", "1", "44", "7", "(", ")", " ", "-", "/", " x", "ext.", ";ext=", "#", ",,", "tel:",
    ";phone-context=", ";phone-context=+", "example.com", ";isub=", "１２３", "٣٤", "𝟗", "\u{3000}", "\u{200B}", "ABC",
    "FLOWERS", "é", "中", "\0", "\t", "~", "*", "[", "доб", "ｅｘｔ", "\u{FFFD}", "1234567", "000000000",
    "+86139", "+1650", "2530000", "5551234", "+4420", "+39", "91234567", "12", "345", "6789",
  ].map { Array($0.utf8) }

  private static func text(_ random: inout Seeded) -> [UInt8] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      return (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    case 1:
      return (0..<Int.random(in: 0...30, using: &random)).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
    default:
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 1...(Bool.random(using: &random) ? 6 : 40), using: &random) {
        text += pieces.randomElement(using: &random) ?? []
      }
      // Sometimes a character cut in two.
      return Bool.random(using: &random) ? text : text.dropLast(Int.random(in: 0...2, using: &random))
    }
  }

  private static let countries = ["CN", "US", "AR", "BR", "IT", "GB", "JP", "MX", "BB", "SM"].map { PhoneCountry($0) }

  @Test("come out as a number that keeps its word, or as a refusal")
  func anything() throws {
    var random = Seeded()
    var read = 0
    for round in 0..<5_000 {
      let bytes = Self.text(&random)
      let country = Bool.random(using: &random) ? nil : Self.countries.randomElement(using: &random) ?? nil
      func label() -> Comment { "seed \(Seeded.seed), round \(round): \(bytes) in \(country?.code ?? "-")" }
      let result = bytes.withUnsafeBytes { text in
        Result<PhoneNumber, any Error> { try PhoneNumber(parsing: text, in: country) }
      }
      guard let number = try? result.get() else { continue }
      read += 1
      #expect(PhoneNumber(digits: number.digits) == number, label())
      #expect(number.e164 == "+\(number.digits)", label())
      let place = number.place
      if let path = place.regionPath {
        #expect(path.ancestry.reversed().first?.description == place.country?.code, label())
        #expect(RegionPath(path.description) == path, label())
      }
      if place.kind == .unknown {
        #expect(place.english == nil && place.chinese == nil && place.timeZones.isEmpty, label())
        #expect(place.city == nil && place.subdivision == nil && place.carrier == nil, label())
      }
    }
    #expect(read > 150, "seed \(Seeded.seed)")
  }

  @Test("come out the same whether they are plain or hold a character that sends them the long way")
  func twoWays() throws {
    var random = Seeded()
    let plain = Array("0123456789012345678901234567890123456789 -().[]/")
    for _ in 0..<5_000 {
      var text = (0..<Int.random(in: 3...20, using: &random)).map { _ in plain.randomElement(using: &random) ?? "0" }
      if Bool.random(using: &random) { text.insert("+", at: 0) }
      let country = Self.countries.randomElement(using: &random) ?? nil
      guard let last = text.lastIndex(where: \.isNumber), last > 1 else { continue }
      // A word joiner is punctuation like any other, but not ASCII.
      let long = String(text[..<last]) + "\u{2060}" + String(text[last...])
      let short = String(text)
      // Two digits are a number only without punctuation.
      guard short.filter(\.isNumber).count > 2 else { continue }
      let one = Result<PhoneNumber, any Error> { try PhoneNumber(parsing: short, in: country) }
      let other = Result<PhoneNumber, any Error> { try PhoneNumber(parsing: long, in: country) }
      switch (one, other) {
      case (.success(let one), .success(let other)): #expect(one == other, "seed \(Seeded.seed): \(short)")
      case (.failure(let one as PhoneNumber.Refusal), .failure(let other as PhoneNumber.Refusal)):
        #expect(one == other, "seed \(Seeded.seed): \(short)")
      default: Issue.record("seed \(Seeded.seed): \(short) in \(country?.code ?? "-") is \(one) and \(other)")
      }
    }
  }

  /// Texts on which careless matching goes back and forth.
  private static let traps = [
    "1", "1 ", "x1", "1x", "/ ", "/ /x", "1/ ", ";isub=", ";phone-context", ";phone-context=", ",", "1,", "#1", "~1",
    "1;ext=", "a-", "tel:", "+1", "0", "é1", "１", "1-2 ", "ext", "1 ext",
  ]

  @Test("take no longer per character the more there are", arguments: traps)
  func linear(trap: String) {
    func time(_ text: [UInt8], rounds: Int) -> Duration {
      var best = Duration.seconds(1_000)
      for _ in 0..<5 {
        let began = threadTime()
        for _ in 0..<rounds {
          text.withUnsafeBytes { _ = try? PhoneNumber(parsing: $0, in: PhoneCountry("US")) }
        }
        best = min(best, threadTime() - began)
      }
      return best
    }
    // What others do with the processor meanwhile does not count.
    func threadTime() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    func repeated(_ characters: Int) -> [UInt8] {
      Array("12345".utf8) + Array(String(repeating: trap, count: characters / trap.count).utf8)
    }
    // The same number of characters in short texts and in long ones. Quadratic time would make it 10 times.
    let short = time(repeated(20), rounds: 400)
    let long = time(repeated(200), rounds: 40)
    #expect(long < short * 4, "\(trap): \(long) for long texts, \(short) for short ones")
    // Beyond 250 characters nothing more is looked at.
    let endless = time(repeated(1_000_000), rounds: 40)
    #expect(endless < short * 4 + .milliseconds(1), "\(trap): \(endless) for a megabyte")
  }
}
