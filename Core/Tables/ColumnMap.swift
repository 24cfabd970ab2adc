internal import Values

/// What a column of a file may hold.
package struct TableField: Sendable {
  /// As the event has it, and as `--map` names it.
  package let name: String
  /// Headings that mean it, in small letters without blanks, dashes and what stands in brackets.
  package let headings: [String]
  let isRequired: Bool

  package init(_ name: String, _ headings: [String], required: Bool = false) {
    self.name = name
    self.headings = headings
    isRequired = required
  }
}

/// Which column holds which field.
package struct ColumnMap {
  /// By the field's name.
  package private(set) var columns: [String: Int] = [:]
  /// Headings that mean nothing here.
  private(set) var unused: [String] = []

  package subscript(field: String) -> Int? { columns[field] }

  /// - Parameter given: `--map`, as in `手机=phone,备注=-,3=name`: a heading or a column's number, then a field or `-`.
  package init(_ header: [String], _ fields: [TableField], given: String? = nil) throws(TableError) {
    var taken: [Int: String?] = [:]
    for (column, field) in try ColumnMap.read(given, header, fields) {
      guard taken[column] == nil else { throw .option("--map names the column \(shown(header[column])) twice.") }
      taken[column] = .some(field)
      guard let field else { continue }
      guard columns[field] == nil else { throw .option("--map gives \(field) two columns.") }
      columns[field] = column
    }
    for (column, heading) in header.enumerated() where taken[column] == nil {
      let word = ColumnMap.normalized(heading)
      guard let field = fields.first(where: { ColumnMap.normalized($0.name) == word || $0.headings.contains(word) })
      else {
        if !heading.isEmpty { unused.append(heading) }
        continue
      }
      if let other = columns[field.name] {
        guard taken[other] != nil else {
          throw .file(
            "the columns \(shown(header[other])) and \(shown(heading)) both mean \(field.name): "
              + "say which one with --map \(header[other])=\(field.name)")
        }
        unused.append(heading)
      } else {
        columns[field.name] = column
      }
    }
    if let missing = fields.first(where: { $0.isRequired && columns[$0.name] == nil }) {
      throw .file(
        "no column means \(missing.name); the first line has \(header.map(shown).joined(separator: ", ")): "
          + "say which one with --map COLUMN=\(missing.name)")
    }
  }

  /// `手 机 号（必填）*` is `手机号`.
  package static func normalized(_ heading: String) -> String {
    var word = ""
    var depth = 0
    for character in Cell.narrowed(heading).lowercased() {
      switch character {
      case "(", "[", "【": depth += 1
      case ")", "]", "】": depth = max(0, depth - 1)
      case " ", "\t", "\n", "\r", "_", "-", "*", ":", ".", "\"", "'", "/": break
      default: if depth == 0 { word.append(character) }
      }
    }
    return word
  }

  private static func read(
    _ given: String?, _ header: [String], _ fields: [TableField]
  ) throws(TableError) -> [(column: Int, field: String?)] {
    var all: [(Int, String?)] = []
    for part in (given ?? "").split(separator: ",") {
      guard let equals = part.lastIndex(of: "=") else {
        throw .option("--map is \(shown(String(part))), but must be as 手机=phone,3=name.")
      }
      let name = Cell.trimmed(String(part[..<equals]))
      let field = Cell.trimmed(String(part[equals...].dropFirst()))
      let exact = header.firstIndex(of: name) ?? header.firstIndex { normalized($0) == normalized(name) }
      guard let column = exact ?? Int(name).flatMap({ header.indices.contains($0 - 1) ? $0 - 1 : nil }) else {
        throw .option(
          "--map names the column \(shown(name)); the first line has \(header.map(shown).joined(separator: ", ")).")
      }
      guard field == "-" || fields.contains(where: { $0.name == field }) else {
        let known = fields.map(\.name)
        throw .option(
          "--map names the field \(shown(field))\(Misspelling.hint(field, known)) "
            + "There are \(known.joined(separator: ", ")), and - for none.")
      }
      all.append((column, field == "-" ? nil : field))
    }
    return all
  }
}
