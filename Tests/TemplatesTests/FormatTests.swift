import Testing
import Values

@testable import Templates

@Suite struct FormatTests {
  @Test(
    "dates and times are written as CLDR has them",
    arguments: [
      ("zh-CN", "2026/1/31", "2026年1月31日", "2026年1月31日星期六", "09:05", "2026年1月31日 09:05"),
      ("zh-TW", "2026/1/31", "2026年1月31日", "2026年1月31日 星期六", "上午9:05", "2026年1月31日 上午9:05"),
      ("zh-HK", "31/1/2026", "2026年1月31日", "2026年1月31日星期六", "上午9:05", "2026年1月31日 上午9:05"),
      ("en-US", "1/31/26", "Jan 31, 2026", "Saturday, January 31, 2026", "9:05 AM", "Jan 31, 2026, 9:05 AM"),
      ("en-GB", "31/01/2026", "31 Jan 2026", "Saturday 31 January 2026", "09:05", "31 Jan 2026, 09:05"),
    ])
  func dates(_ tag: String, _ short: String, _ medium: String, _ full: String, _ time: String, _ both: String) {
    func told(_ format: String) -> String {
      rendered("{{t|\(format)}}", #"{"t": "2026-01-31T09:05:59+08:00"}"#, in: tag)
    }
    #expect(told(#"date:"short""#) == short)
    #expect(told("date") == medium && told(#"date:"medium""#) == medium)
    #expect(told(#"date:"full""#) == full)
    #expect(told("time") == time)
    #expect(told("datetime") == both)
    #expect(rendered("{{t|date}}", #"{"t": "2026-01-31"}"#, in: tag) == medium)
  }

  @Test("hours of twelve: midnight and noon are twelve")
  func hours() {
    for (hour, wanted) in [("00", "12:30 AM"), ("11", "11:30 AM"), ("12", "12:30 PM"), ("23", "11:30 PM")] {
      #expect(rendered("{{t|time}}", #"{"t": "2026-01-31T\#(hour):30:00Z"}"#, in: "en-US") == wanted)
    }
    #expect(rendered("{{t|time}}", #"{"t": "2026-01-31T12:00:00Z"}"#, in: "zh-TW") == "下午12:00")
  }

  @Test("weekdays and months, September among them")
  func words() {
    func full(_ day: String) -> String { rendered(#"{{t|date:"full"}}"#, #"{"t": "\#(day)"}"#, in: "en-GB") }
    #expect(full("2024-02-29") == "Thursday 29 February 2024")
    #expect(full("2000-01-01") == "Saturday 1 January 2000")
    #expect(full("1900-03-01") == "Thursday 1 March 1900")
    #expect(rendered("{{t|date}}", #"{"t": "2026-09-01"}"#, in: "en-GB") == "1 Sept 2026")
    #expect(rendered("{{t|date}}", #"{"t": "2026-09-01"}"#, in: "en-US") == "Sep 1, 2026")
  }

  @Test("times are told by the zone's clock where there is one, dates by themselves are the same everywhere")
  func zones() {
    let json = #"{"t": "2026-01-31T23:30:00Z", "d": "2026-01-31"}"#
    #expect(rendered("{{t|datetime}} {{d|date}}", json) == "2026年1月31日 23:30 2026年1月31日")
    let told = rendered("{{t|datetime}} {{d|date}}", json, zone: { _ in 8 * 3600 })
    #expect(told == "2026年2月1日 07:30 2026年1月31日")
    // The zone is asked about the moment itself.
    let summer = #"{"t": "2026-07-01T12:00:00Z", "w": "2026-01-01T12:00:00Z"}"#
    let change = Timestamp(rfc3339: "2026-03-08T07:00:00Z".utf8)!
    #expect(rendered("{{t|time}} {{w|time}}", summer, zone: { $0 < change ? -18_000 : -14_400 }) == "08:00 07:00")
  }

  @Test(
    "numbers are grouped, and rounded half away from zero",
    arguments: [
      ("number", "0", "0"), ("number", "999", "999"), ("number", "1000", "1,000"),
      ("number", "-1234567.8900", "-1,234,567.8900"),
      ("number", "0001", "1"), ("number:2", "1.005", "1.01"), ("number:2", "-1.005", "-1.01"),
      ("number:2", "1.0049", "1.00"), ("number:2", "999.995", "1,000.00"), ("number:0", "0.5", "1"),
      ("number:0", "-0.4", "0"), ("number:3", "7", "7.000"), ("number", "-0", "0"),
      ("number", "123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890"),
    ])
  func numbers(_ format: String, _ number: String, _ wanted: String) {
    #expect(rendered("{{n|\(format)}}", #"{"n": "\#(number)"}"#) == wanted)
  }

  @Test(
    "money has its currency's digits, or as many as it has",
    arguments: [
      ("zh-CN", "1234.5 CNY", "¥1,234.50", "1,234.50元", "1,234.50 CNY"),
      ("zh-CN", "-0.045 CNY", "-¥0.045", "-0.045元", "-0.045 CNY"),
      ("zh-CN", "1234 JPY", "JP¥1,234", "1,234日元", "1,234 JPY"),
      ("zh-CN", "5 USD", "US$5.00", "5.00美元", "5.00 USD"),
      ("zh-TW", "1234.5 TWD", "$1,234.50", "1,234.50元", "1,234.50 TWD"),
      ("zh-HK", "1234.5 HKD", "HK$1,234.50", "1,234.50港元", "1,234.50 HKD"),
      ("en-US", "1234.5 USD", "$1,234.50", "1,234.50 USD", "1,234.50 USD"),
      ("en-US", "-5 CNY", "-CN¥5.00", "-5.00 CNY", "-5.00 CNY"),
      ("en-GB", "0.5 GBP", "£0.50", "0.50 GBP", "0.50 GBP"),
      ("en-GB", "1.5 BHD", "BHD 1.500", "1.500 BHD", "1.500 BHD"),
    ])
  func money(_ tag: String, _ amount: String, _ symbol: String, _ name: String, _ code: String) {
    func told(_ format: String) -> String { rendered("{{m|\(format)}}", #"{"m": "\#(amount)"}"#, in: tag) }
    #expect(told("money") == symbol)
    #expect(told(#"money:"name""#) == name)
    #expect(told(#"money:"code""#) == code)
    let parts = amount.split(separator: " ")
    let object = #"{"m": {"amount": "\#(parts[0])", "currency": "\#(parts[1])"}}"#
    #expect(rendered("{{m|money}}", object, in: tag) == symbol && rendered("{{m}}", object, in: tag) == symbol)
  }

  @Test(
    "a value that a format cannot write is refused by name, and not shown",
    arguments: [
      ("date", #""31.01.2026""#), ("date", #""2026-02-30""#), ("date", "20260131"), ("time", #""2026-01-31""#),
      ("datetime", #""2026-01-31 09:30""#), ("number", #""1,5""#), ("number", "1e3"), ("number", #""+1""#),
      ("money", "5.25"), ("money", #""5 yuan""#), ("money", #""5CNY""#), ("date", "true"),
      ("number", #"{"amount": "5", "currency": "CNY"}"#),
    ])
  func unfit(_ format: String, _ value: String) throws {
    let told = rendered("{{v|\(format)}}", #"{"v": \#(value)}"#)
    #expect(told.hasPrefix("refused: variable v is not a"), "\(told)")
    #expect(!told.contains(value))
  }

  @Test("another locale is a line of data")
  func german() throws {
    let german = TemplateLocale(
      tag: "de-DE", decimal: ",", group: ".",
      dates: TemplateLocale.Dates(short: "dd.MM.yy", medium: "dd.MM.y", long: "d. MMMM y", full: "EEEE, d. MMMM y"),
      time: "HH:mm", between: ", ", words: .english, symbols: ["EUR": "€"], isSymbolBehind: true)
    let template = try Template(#"{{d|date}} {{n|number:2}} {{m|money}} {{c|money}}"#, as: .text)
    let values: [String: TemplateValue] = [
      "d": .text("2026-01-31"), "n": .number("1234.5"), "m": .text("-1234.5 EUR"), "c": .text("1 CHF"),
    ]
    #expect(try template.render(values, in: german) == "31.01.2026 1.234,50 -1.234,50 € 1,00 CHF")
    #expect(TemplateLocale.named("ZH-cn")?.tag == "zh-CN" && TemplateLocale.named("de-DE") == nil)
    #expect(TemplateLocale.all.allSatisfy { $0.words.months.count == 12 && $0.words.shortMonths.count == 12 })
  }
}
