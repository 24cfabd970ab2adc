import Customers
import Settings
import Testing

@Suite struct IDNumberTests {
  private static let key = IdentityKey(Secret(String(repeating: "k", count: 32)))

  private func fingerprint(_ text: String, _ kind: IDNumber.Kind? = nil) throws -> String {
    let found = IDNumberTests.key.fingerprint(of: try IDNumber(text, kind: kind))
    return "\(found.high) \(found.low)"
  }

  @Test(
    "spellings of one number are one number",
    arguments: [
      [
        "11010519491231002X", "11010519491231002x", " 110105 19491231 002X\n", "１１０１０５１９４９１２３１００２Ｘ",
        "110105-19491231-002X",
      ],
      // Of 15 digits, before 1999; with the serial numbers of those who were a hundred then.
      ["130503196704010016", "130503670401001"],
      ["110105189912319976", "110105991231997"],
    ])
  func spellings(texts: [String]) throws {
    #expect(Set(try texts.map { try fingerprint($0) }).count == 1)
    #expect(Set(try texts.map { try fingerprint($0, .resident) }).count == 1)
  }

  @Test(
    "what is no resident's number is told why",
    arguments: [
      ("", .empty), (" -- ", .empty), ("11010519491231002", .length), ("1101051949123100222", .length),
      ("A10105194912310021", .characters), ("11010519490230002X", .birthday), ("11010517991231002X", .birthday),
      ("110105194912310021", .checkDigit), ("11010519491231003X", .checkDigit),
    ] as [(String, IDNumber.Fault)])
  func faults(text: String, fault: IDNumber.Fault) {
    #expect(throws: fault) { try IDNumber(text, kind: .resident) }
  }

  @Test("a number of that shape is a resident's without being said so, others are documents as they are written")
  func kinds() throws {
    #expect(try IDNumber("11010519491231002X").kind == .resident)
    #expect(throws: IDNumber.Fault.checkDigit) { try IDNumber("110105194912310021") }
    #expect(try IDNumber("E 1234-5678").kind == .other)
    #expect(try fingerprint("e12345678", .passport) == fingerprint("E 1234-5678", .passport))
    #expect(try fingerprint("军字第1234号", .other) == fingerprint("军字第 １２３４ 号"))
    #expect(try fingerprint("E12345678", .passport) != fingerprint("E12345678", .other))
    #expect(try fingerprint("11010519491231002X", .passport) != fingerprint("11010519491231002X"))
  }

  @Test("every other digit at every place of a right number is noticed")
  func everySlip() throws {
    let right = Array("11010519491231002X")
    for place in right.indices.dropLast() {
      for digit in "0123456789" where digit != right[place] {
        var slip = right
        slip[place] = digit
        #expect(throws: IDNumber.Fault.self) { try IDNumber(String(slip), kind: .resident) }
      }
    }
  }

  @Test("a number does not show itself")
  func hidden() throws {
    let number = try IDNumber("11010519491231002X")
    var dumped = ""
    dump(number, to: &dumped)
    for text in ["\(number)", String(reflecting: number), dumped] { #expect(!text.contains("1101")) }
  }

  @Test("another key gives another fingerprint, and a short key is refused")
  func keys() throws {
    let number = try IDNumber("11010519491231002X")
    let other = IdentityKey(Secret(String(repeating: "q", count: 32)))
    #expect(other.fingerprint(of: number) != IDNumberTests.key.fingerprint(of: number))
    let group = SettingGroup("x", Setting.identityKey)
    #expect(throws: SettingsError.self) {
      try Settings(reading: Environment(["IDENTITY_KEY": String(repeating: "k", count: 31)]), declared: [group])
    }
    #expect(throws: SettingsError.self) { try Settings(reading: Environment([:]), declared: [group]) }
    let read = try Settings(
      reading: Environment(["IDENTITY_KEY_FILE": "/k"], files: ["/k": String(repeating: "k", count: 32) + "\n"]),
      declared: [group])
    #expect(IdentityKey(read).fingerprint(of: number) == IDNumberTests.key.fingerprint(of: number))
  }
}
