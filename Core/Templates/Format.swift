internal import Values

/// How a value is written.
enum Format: Hashable, Sendable {
  case date(DateStyle)
  case time
  case dateAndTime(DateStyle)
  /// With so many digits behind the point; nil: as many as the value has.
  case number(Int?)
  case money(MoneyStyle)

  enum DateStyle: String, CaseIterable, Sendable { case short, medium, long, full }

  enum MoneyStyle: String, CaseIterable, Sendable {
    /// ¥1,234.50
    case symbol
    /// 1,234.50元; where the locale has no such word, as `code`.
    case name
    /// 1,234.50 CNY
    case code
  }

  struct Refusal: Error { let reason: String }

  static func named(_ name: String, _ argument: String?) -> Result<Format, Refusal> {
    switch name {
    case "date": styled(name, argument, DateStyle.medium).map { .date($0) }
    case "datetime": styled(name, argument, DateStyle.medium).map { .dateAndTime($0) }
    case "time": argument == nil ? .success(.time) : .failure(Refusal(reason: "time has no styles"))
    case "money": styled(name, argument, MoneyStyle.symbol).map { .money($0) }
    case "number":
      switch argument.map({ Int($0) }) {
      case nil: .success(.number(nil))
      case let places?? where (0...10).contains(places): .success(.number(places))
      default: .failure(Refusal(reason: "number has 0 to 10 digits behind the point, as in number:2"))
      }
    default:
      .failure(Refusal(reason: "there is no format \(name); known are date, time, datetime, number, money and default"))
    }
  }

  private static func styled<Style: RawRepresentable & CaseIterable>(
    _ name: String, _ argument: String?, _ usual: Style
  ) -> Result<Style, Refusal> where Style.RawValue == String {
    guard let argument else { return .success(usual) }
    if let style = Style(rawValue: argument) { return .success(style) }
    let known = Style.allCases.map(\.rawValue).joined(separator: ", ")
    return .failure(Refusal(reason: "\(name) has the styles \(known)"))
  }

  /// What a list of variables calls it.
  var kind: String {
    switch self {
    case .date: "date"
    case .time: "time"
    case .dateAndTime: "datetime"
    case .number: "number"
    case .money: "money"
    }
  }

  /// What a value must be, for a sentence.
  var needed: String {
    switch self {
    case .date: "a date, as in 2026-01-31 or 2026-01-31T09:30:00+08:00"
    case .time, .dateAndTime: "a time with a zone, as in 2026-01-31T09:30:00+08:00"
    case .number: "a number, as in -1234.5"
    case .money: "an amount with its currency, as in 1234.50 CNY"
    }
  }

  /// nil if the value is nothing that this format can write.
  func write(_ value: TemplateValue, _ locale: TemplateLocale, _ zone: TemplateZone?) -> String? {
    switch self {
    case .date(let style):
      return LocalMoment(value, zone, needsTime: false)?.date(style, locale)
    case .time:
      return LocalMoment(value, zone, needsTime: true)?.time(locale)
    case .dateAndTime(let style):
      guard let moment = LocalMoment(value, zone, needsTime: true) else { return nil }
      return moment.date(style, locale) + locale.between + moment.time(locale)
    case .number(let places):
      guard let text = value.plain, let number = Decimal(text) else { return nil }
      return (places.map { number.rounded(to: $0) } ?? number).written(in: locale)
    case .money(let style):
      return value.asMoney.flatMap { $0.written(style, locale) }
    }
  }
}

extension Money {
  /// With the digits that the currency has, or more where the amount has more: an amount is never rounded.
  func written(_ style: Format.MoneyStyle, _ locale: TemplateLocale) -> String? {
    guard var number = Decimal(amount) else { return nil }
    let digits = minorDigits(of: currency)
    let needed = number.fraction.utf8.count - number.fraction.utf8.reversed().prefix { $0 == UInt8(ascii: "0") }.count
    number = number.rounded(to: max(digits, needed))
    let sign = number.isNegative ? "-" : ""
    let size = number.grouped(in: locale)
    switch style {
    case .symbol:
      guard let symbol = locale.symbols[currency] else {
        return locale.isSymbolBehind ? "\(sign)\(size) \(currency)" : "\(sign)\(currency) \(size)"
      }
      return locale.isSymbolBehind ? "\(sign)\(size) \(symbol)" : sign + symbol + size
    case .name:
      if let unit = locale.units[currency] { return sign + size + unit }
      return "\(sign)\(size) \(currency)"
    case .code: return "\(sign)\(size) \(currency)"
    }
  }
}
