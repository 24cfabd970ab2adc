import PhoneNumbers
import Testing

@Suite("A phone number")
struct PhoneNumberTests {
  @Test(
    "is read from what people and systems write",
    arguments: [
      ("+86 139 1234 5678", nil, 8_613_912_345_678),
      ("0086 139-1234-5678", "CN", 8_613_912_345_678),
      ("13912345678", "CN", 8_613_912_345_678),
      ("8613912345678", "CN", 8_613_912_345_678),
      ("(0755) 8600 0000", "CN", 8_675_586_000_000),
      ("011 86 755 8600 0000", "US", 8_675_586_000_000),
      ("１３９１２３４５６７８", "CN", 8_613_912_345_678),
      ("٠١٣٩١٢٣٤٥٦٧٨", "CN", 8_613_912_345_678),
      ("tel:+1-650-253-0000", nil, 16_502_530_000),
      ("tel:253-0000;phone-context=+1-650", nil, 16_502_530_000),
      ("650 253 0000 ext. 123", "US", 16_502_530_000),
      ("(650) 253-0000 x302/x2303", "US", 16_502_530_000),
      ("1-800-FLOWERS", "US", 18_003_569_377),
      ("02 1234 5678", "IT", 390_212_345_678),
      ("011 15 1234 5678", "AR", 5_491_112_345_678),
      ("55 1234 5678", "MX", 525_512_345_678),
    ] as [(String, String?, Int64)])
  func spellings(text: String, country: String?, digits: Int64) throws {
    let number = try PhoneNumber(parsing: text, in: country.flatMap { PhoneCountry($0) })
    #expect(number.digits == digits)
    #expect(number.e164 == "+\(digits)")
  }

  @Test(
    "is refused with the reason",
    arguments: [
      ("no number", "CN", .notANumber), ("", "CN", .notANumber), ("13912345678", nil, .unknownCountry),
      ("+999 123 4567", "CN", .unknownCountry), ("+86 1", "CN", .tooShort),
      ("139123456781391234567", "CN", .tooLong), (String(repeating: "1", count: 251), "CN", .tooLong),
    ] as [(String, String?, PhoneNumber.Refusal)])
  func refusals(text: String, country: String?, refusal: PhoneNumber.Refusal) {
    #expect(throws: refusal) { try PhoneNumber(parsing: text, in: country.flatMap { PhoneCountry($0) }) }
  }

  @Test(
    "tells whether it can exist",
    arguments: [
      ("+86 139 1234 5678", .possible), ("+1 253 0000", .localOnly), ("+86 12", .tooShort),
      ("+49 1234567890123456", .tooLong),
    ] as [(String, PhoneNumber.Possibility)])
  func possibility(text: String, possibility: PhoneNumber.Possibility) throws {
    #expect(try PhoneNumber(parsing: text).possibility == possibility)
  }

  @Test("comes back from the database as it was stored")
  func stored() throws {
    let number = try PhoneNumber(parsing: "+39 02 1234 5678")
    #expect(PhoneNumber(digits: number.digits) == number)
    #expect(PhoneNumber(digits: 0) == nil)
    #expect(PhoneNumber(digits: -1) == nil)
    #expect(PhoneNumber(digits: 861) == nil)
    #expect(PhoneNumber(digits: 999_123_456) == nil)
  }
}
