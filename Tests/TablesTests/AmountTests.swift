import Testing
import Values

@testable import Tables

@Suite struct AmountTests {
  @Test(
    "amounts are read as people write them",
    arguments: [
      ("1000", "1000.00 CNY"), ("12,345.60", "12345.60 CNY"), ("￥1,000", "1000.00 CNY"), ("50万", "500000.00 CNY"),
      ("1.25万元", "12500.00 CNY"), ("2.5亿", "250000000.00 CNY"), ("HKD 100", "100.00 HKD"), ("HK$1,000", "1000.00 HKD"),
      ("300美元", "300.00 USD"), ("0.10", "0.10 CNY"), ("1000.00000", "1000.00 CNY"), ("1.23456万", "12345.60 CNY"),
      ("0007", "7.00 CNY"), ("0", "0.00 CNY"), ("-5", "-5.00 CNY"), ("3千", "3000.00 CNY"),
    ])
  func right(text: String, money: String) throws {
    #expect(try Amount.read(text, currency: "CNY").description == money)
  }

  @Test(
    "what is no amount is refused",
    arguments: ["x", "", "1,00", "12 abc", "1.2.3", "$5", "万", "1.00001", "999999999999999", "1-2", "--1", "5%", "+"])
  func wrong(text: String) {
    let refusal = #expect(throws: Refusal.self) { try Amount.read(text, currency: "CNY") }
    #expect(refusal?.reason == "not-an-amount")
  }
}
