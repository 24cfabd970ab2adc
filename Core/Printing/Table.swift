package import Values

/// What a command prints: aligned columns for people, objects for machines, from the same cells.
///
/// Invariants of this room: whatever a cell holds, a row is a line of a terminal that nothing steers, and JSON stays JSON;
/// nothing is left out for want of width.
package struct Table {
  package struct Column {
    /// The member's name with `--json`; people see it in capitals, dashes for capitals inside.
    package let name: String
    package let isRight: Bool

    package static func left(_ name: String) -> Column { Column(name: name, isRight: false) }
    package static func right(_ name: String) -> Column { Column(name: name, isRight: true) }

    /// `openLeads` is read as `OPEN LEADS`.
    package var title: String {
      name.reduce(into: "") { $0 += $1.isUppercase ? " \($1)" : $1.uppercased() }
    }
  }

  package enum Cell: Equatable {
    case text(String)
    case number(Int64)
    /// Shown with one decimal.
    case decimal(Double)
    case boolean(Bool)
    case time(Timestamp)
    /// Something nested: JSON, and how people see it.
    case nested(json: String, shown: String)
    case none

    package static func text(optional text: String?) -> Cell { text.map { .text($0) } ?? .none }
    package static func number(optional number: Int64?) -> Cell { number.map { .number($0) } ?? .none }
    package static func time(optional time: Timestamp?) -> Cell { time.map { .time($0) } ?? .none }
  }

  package let columns: [Column]
  package private(set) var rows: [[Cell]] = []

  package init(_ columns: Column...) { self.columns = columns }

  package init(_ columns: [Column], _ rows: [[Cell]]) {
    self.columns = columns
    self.rows = rows
  }

  package var isEmpty: Bool { rows.isEmpty }

  package mutating func add(_ cells: Cell...) {
    precondition(cells.count == columns.count, "a row has \(cells.count) cells, the table \(columns.count) columns")
    rows.append(cells)
  }

  /// Aligned, a line each, with a heading. The last column is not padded.
  package var aligned: String { aligned(gap: 3) }

  package func aligned(gap: Int) -> String {
    let between = String(repeating: " ", count: gap)
    let texts = [columns.map(\.title)] + rows.map { $0.map(\.shown) }
    let widths = columns.indices.map { column in texts.map { displayWidth($0[column]) }.max() ?? 0 }
    return texts.map { line in
      let cells = columns.indices.map { index in
        let gap = String(repeating: " ", count: widths[index] - displayWidth(line[index]))
        return columns[index].isRight ? gap + line[index] : line[index] + gap
      }
      let joined = cells.joined(separator: between)
      return String(joined.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n") + "\n"
  }

  /// A line for each column: for one thing with many properties.
  package var upright: String {
    let titles = columns.map(\.title)
    let width = titles.map(displayWidth).max() ?? 0
    return rows.map { row in
      zip(titles, row).map { "\(padded($0, to: width))   \($1.shown)\n" }.joined()
    }.joined(separator: "\n")
  }

  /// A JSON array, one object a line.
  package var json: String {
    let objects = rows.map { row in
      "{" + zip(columns, row).map { "\(jsonQuoted($0.name)):\($1.json)" }.joined(separator: ",") + "}"
    }
    return objects.isEmpty ? "[]\n" : "[\n" + objects.joined(separator: ",\n") + "\n]\n"
  }
}

extension Table.Cell {
  package var shown: String {
    switch self {
    case .text(let text): printable(text)
    case .number(let number): String(number)
    case .decimal(let value): oneDecimal(value)
    case .boolean(let value): value ? "yes" : "no"
    // To the second: what is looked at by people.
    case .time(let time): String(time.rfc3339.prefix(19)) + "Z"
    case .nested(_, let shown): shown
    case .none: "-"
    }
  }

  package var json: String {
    switch self {
    case .text(let text): jsonQuoted(text)
    case .number(let number): String(number)
    case .decimal(let value): value.isFinite ? String(value) : "null"
    case .boolean(let value): value ? "true" : "false"
    case .time(let time): jsonQuoted(time.rfc3339)
    case .nested(let json, _): json
    case .none: "null"
    }
  }
}

package func oneDecimal(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return String(value) }
  let tenths = Int64((value * 10).rounded())
  return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
}

/// RFC 8259, section 7.
package func jsonQuoted(_ text: String) -> String {
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\r": quoted += "\\r"
    case "\t": quoted += "\\t"
    case let control where control.value < 0x20 || control.value == 0x7F:
      let digits = String(control.value, radix: 16)
      quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}
