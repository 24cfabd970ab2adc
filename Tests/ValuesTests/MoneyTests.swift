import Testing
import Values

@Suite("Money") struct MoneyTests {
  @Test(
    "an amount is read exactly and written back",
    arguments: [
      ("0", "0.00", 0), ("12.5", "12.50", 125_000), ("-0.01", "-0.01", -100),
      ("1234567.8901", "1234567.8901", 12_345_678_901),
      ("99999999999999.9999", "99999999999999.9999", 999_999_999_999_999_999), ("007", "7.00", 70_000),
    ] as [(String, String, Int64)])
  func exact(text: String, written: String, value: Int64) throws {
    let money = try #require(Money(text, "CNY"))
    #expect(money.tenThousandths == value)
    #expect(money.amount == written)
  }

  @Test(
    "what is no plain decimal is no amount",
    arguments: ["", "-", ".5", "5.", "1e3", "+1", "1,000", " 1", "1.23456", "100000000000000", "١", "--1", "1.-1"])
  func refused(text: String) { #expect(Money(text, "CNY") == nil) }

  @Test("a currency is three capital letters", arguments: ["", "cny", "CN", "CNYX", "C1Y"])
  func currency(text: String) { #expect(Money("1", text) == nil) }
}
