internal import Printing
internal import Values

/// One table of a report: the same for the terminal, for machines, for spreadsheets and for pages.
struct ReportTable {
  typealias Both = CampaignWords.Both

  /// The member's name in JSON, the section of a spreadsheet.
  let name: String
  let title: Both
  /// What tells its rows apart, one or two.
  let keys: [String]
  /// What is said of each.
  let measures: [String]
  private(set) var rows: [Row] = []

  struct Row {
    let keys: [Key]
    let values: [Value]
  }

  /// A code for machines, with what it is called where that is something else.
  struct Key {
    let code: String
    let words: Both

    init(_ code: String, _ words: Both? = nil) {
      self.code = code
      self.words = words ?? Both(code, code)
    }
  }

  enum Value {
    case none
    case count(Int64)
    /// Shown with one decimal where it has any.
    case decimal(Double)
    /// 0.018 is 1.8 %.
    case share(Double)
    /// Of each currency one.
    case money([Money])
    case text(Both)
    /// With how people of the report's clock read it.
    case time(Timestamp, String)

    static func share(optional share: Double?) -> Value { share.map { .share($0) } ?? .none }
  }

  init(_ name: String, _ title: Both, keys: [String], measures: [String]) {
    (self.name, self.title, self.keys, self.measures) = (name, title, keys, measures)
  }

  mutating func add(_ keys: [Key], _ values: [Value]) {
    precondition(keys.count == self.keys.count && values.count == measures.count, "\(name): a row of another width")
    rows.append(Row(keys: keys, values: values))
  }

  /// Without measures of which no row says anything, but for one.
  func withoutEmptyMeasures(but kept: String? = nil) -> ReportTable {
    only(
      measures.indices.filter { index in
        measures[index] == kept || rows.contains { !$0.values[index].isNothing }
      }.map { measures[$0] })
  }

  /// These measures alone, as far as it has them.
  func only(_ names: [String]) -> ReportTable {
    let kept = measures.indices.filter { names.contains(measures[$0]) }
    var table = ReportTable(name, title, keys: keys, measures: kept.map { measures[$0] })
    table.rows = rows.map { row in Row(keys: row.keys, values: kept.map { row.values[$0] }) }
    return table
  }

  func filtered(_ isKept: (Row) -> Bool) -> ReportTable {
    var table = self
    table.rows = rows.filter(isKept)
    return table
  }

  /// The first so many.
  func first(_ count: Int) -> ReportTable {
    var table = self
    table.rows = Array(rows.prefix(count))
    return table
  }

  // MARK: In a terminal and for machines

  var table: Table {
    Table(
      keys.map { .left($0) } + measures.map { .right($0) },
      rows.map { row in row.keys.map { .text($0.code) } + row.values.map(\.cell) })
  }

  // MARK: In a spreadsheet

  static let spreadsheetHead: [Spreadsheet.Cell] = [
    "section", "key", "detail", "measure", "value", "currency",
  ].map { .text($0) }

  /// A line for each measure of each row, so that a pivot table takes them as they are.
  func add(to sheet: inout Spreadsheet) {
    for row in rows {
      let codes = row.keys.map(\.code)
      for (measure, value) in zip(measures, row.values) {
        for (cell, currency) in value.sheetCells {
          sheet.add([
            .text(name), .text(codes.first ?? ""), .text(codes.dropFirst().joined(separator: " ")), .text(measure),
            cell, currency.map { .text($0) } ?? .empty,
          ])
        }
      }
    }
  }
}

extension ReportTable.Value {
  var isNothing: Bool {
    switch self {
    case .none, .count(0), .decimal(0), .money([]): true
    default: false
    }
  }

  /// As people of this language read it.
  var words: CampaignWords.Both {
    func same(_ text: String) -> CampaignWords.Both { CampaignWords.Both(text, text) }
    switch self {
    case .none: return same("–")
    case .count(let number): return same(grouped(number))
    case .decimal(let number): return same(plainDecimal(number))
    case .share(let share): return same(shareShown(share))
    case .money(let sums): return same(sums.isEmpty ? "–" : sums.map(moneyRounded).joined(separator: " + "))
    case .text(let words): return words
    case .time(_, let shown): return same(shown)
    }
  }

  fileprivate var cell: Table.Cell {
    switch self {
    case .none: return .none
    case .count(let number): return people(number)
    case .decimal(let number): return .nested(json: "\(number)", shown: plainDecimal(number))
    case .share(let share): return .nested(json: "\(share)", shown: shareShown(share))
    case .money(let sums):
      let json = sums.map { "{\"amount\":\"\($0.amount)\",\"currency\":\"\($0.currency)\"}" }
      return .nested(json: "[\(json.joined(separator: ","))]", shown: sums.isEmpty ? "-" : words.english)
    case .text(let words): return .text(words.english)
    case .time(let time, let shown): return .nested(json: jsonQuoted(time.rfc3339), shown: shown)
    }
  }

  fileprivate var sheetCells: [(Spreadsheet.Cell, currency: String?)] {
    switch self {
    case .none: return []
    case .count(let number): return [(.number("\(number)"), nil)]
    case .decimal(let number), .share(let number): return [(.number(digits(of: number)), nil)]
    case .money(let sums): return sums.map { (.number($0.amount), $0.currency) }
    case .text(let words): return [(.text(words.english), nil)]
    case .time(let time, _): return [(.text(time.rfc3339), nil)]
    }
  }

  /// At most six after the point, and no exponent: `0.018`.
  private func digits(of number: Double) -> String {
    guard number.isFinite, abs(number) < 1e12 else { return "\(number)" }
    let millionths = Int64((number * 1_000_000).rounded())
    var fraction = String(millionths.magnitude % 1_000_000)
    fraction = String(repeating: "0", count: 6 - fraction.count) + fraction
    while fraction.hasSuffix("0") { fraction.removeLast() }
    let whole = "\(millionths < 0 ? "-" : "")\(millionths.magnitude / 1_000_000)"
    return fraction.isEmpty ? whole : "\(whole).\(fraction)"
  }
}

/// `1,042`, or `1,042.5`.
func plainDecimal(_ number: Double) -> String {
  guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
  let text = oneDecimal(number)
  let parts = text.split(separator: ".")
  let sign = text.hasPrefix("-") ? "-" : ""
  let whole = sign + grouped(Int64(parts[0].drop { $0 == "-" }) ?? 0)
  return parts.count > 1 && parts[1] != "0" ? "\(whole).\(parts[1])" : whole
}

/// `4.7 %`; with two decimals below one in a hundred.
func shareShown(_ share: Double) -> String {
  let percent = share * 100
  guard percent != 0, abs(percent) < 0.995 else { return oneDecimal(percent) + " %" }
  let hundredths = Int64((abs(percent) * 100).rounded())
  return "\(percent < 0 ? "-" : "")0.\(hundredths < 10 ? "0" : "")\(hundredths) %"
}

/// 3,822.49 CNY, and 21,402,399 CNY: what people read of a sum. Of less than one unit all of its digits.
func moneyRounded(_ money: Money) -> String {
  let size = money.tenThousandths.magnitude
  let step: Int64 = size >= 100_000_000 ? 10_000 : size >= 10_000 ? 100 : 1
  let rounded = (Double(money.tenThousandths) / Double(step)).rounded()
  let shown = moneyShown(Money(tenThousandths: Int64(rounded) * step, currency: money.currency))
  return step == 10_000 ? shown.split(separator: ".")[0] + " \(money.currency)" : shown
}
