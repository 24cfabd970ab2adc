/// How numbers, amounts, dates and times are written somewhere: data alone, so that another place is a line of it.
///
/// Source: Unicode CLDR 44, for what it has in common with telephones. Its no-break spaces are plain ones here: the GSM
/// alphabet has no others, and one of them would make a message dearer.
public struct TemplateLocale: Hashable, Sendable {
  /// BCP 47: `zh-CN`.
  public let tag: String
  var decimal = "."
  var group = ","
  /// Patterns of CLDR, of which `y yy M MM MMM MMMM d dd EEEE H HH h hh mm a` are known.
  let dates: Dates
  let time: String
  /// What stands between a date and a time.
  let between: String
  let words: Words
  /// By ISO 4217; a currency that is not here has its code for a symbol.
  let symbols: [String: String]
  /// What is written behind an amount, likewise: 元.
  var units: [String: String] = [:]
  var isSymbolBehind = false

  struct Dates: Hashable, Sendable {
    let short, medium, long, full: String
  }

  struct Words: Hashable, Sendable {
    let months, shortMonths: [String]
    /// From Sunday.
    let weekdays: [String]
    let halves: [String]
  }

  public static let all: [TemplateLocale] = [
    TemplateLocale(
      tag: "zh-CN", dates: Dates(short: "y/M/d", medium: "y年M月d日", long: "y年M月d日", full: "y年M月d日EEEE"), time: "HH:mm",
      between: " ", words: .chinese,
      symbols: ["CNY": "¥", "JPY": "JP¥", "AUD": "AU$"].merging(abroad) { here, _ in here }, units: .simplified),
    TemplateLocale(
      tag: "zh-TW", dates: Dates(short: "y/M/d", medium: "y年M月d日", long: "y年M月d日", full: "y年M月d日 EEEE"), time: "ah:mm",
      between: " ", words: .chinese,
      symbols: ["TWD": "$", "JPY": "¥", "AUD": "AU$"].merging(abroad) { here, _ in here }, units: .traditional),
    TemplateLocale(
      tag: "zh-HK", dates: Dates(short: "d/M/y", medium: "y年M月d日", long: "y年M月d日", full: "y年M月d日EEEE"), time: "ah:mm",
      between: " ", words: .chinese,
      symbols: ["JPY": "JP¥", "AUD": "AU$"].merging(abroad) { here, _ in here }, units: .traditional),
    TemplateLocale(
      tag: "en-US", dates: Dates(short: "M/d/yy", medium: "MMM d, y", long: "MMMM d, y", full: "EEEE, MMMM d, y"),
      time: "h:mm a", between: ", ", words: .english,
      symbols: ["USD": "$", "JPY": "¥", "AUD": "A$"].merging(abroad) { here, _ in here }),
    TemplateLocale(
      tag: "en-GB", dates: Dates(short: "dd/MM/y", medium: "d MMM y", long: "d MMMM y", full: "EEEE d MMMM y"),
      time: "HH:mm", between: ", ", words: .british,
      symbols: ["JPY": "JP¥", "AUD": "A$"].merging(abroad) { here, _ in here }),
  ]

  /// The one with this tag, in whatever case it is written.
  public static func named(_ tag: String) -> TemplateLocale? { all.first { $0.tag.lowercased() == tag.lowercased() } }

  /// What most places call the money of others.
  private static let abroad = [
    "CNY": "CN¥", "USD": "US$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "CAD": "CA$", "NZD": "NZ$",
    "KRW": "₩", "INR": "₹",
  ]
}

extension TemplateLocale.Words {
  static let chinese = TemplateLocale.Words(
    months: (1...12).map { "\($0)月" }, shortMonths: (1...12).map { "\($0)月" },
    weekdays: ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"], halves: ["上午", "下午"])

  static let english = TemplateLocale.Words(
    months: months, shortMonths: months.map { String($0.prefix(3)) }, weekdays: weekdays, halves: ["AM", "PM"])

  static let british = TemplateLocale.Words(
    months: months, shortMonths: months.map { $0 == "September" ? "Sept" : String($0.prefix(3)) }, weekdays: weekdays,
    halves: ["am", "pm"])

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
}

extension [String: String] {
  fileprivate static let simplified = [
    "CNY": "元", "USD": "美元", "HKD": "港元", "TWD": "新台币", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "AUD": "澳元",
    "CAD": "加元", "KRW": "韩元", "SGD": "新加坡元", "CHF": "瑞士法郎",
  ]

  fileprivate static let traditional = [
    "CNY": "人民幣", "USD": "美元", "HKD": "港元", "TWD": "元", "EUR": "歐元", "GBP": "英鎊", "JPY": "日圓", "AUD": "澳幣",
    "CAD": "加幣", "KRW": "韓元", "SGD": "新加坡幣", "CHF": "瑞士法郎",
  ]
}
