package import PhoneNumbers
internal import Postgres
package import Tables
package import Values

/// Reads of a row who is meant, and what templates can be told of them.
package struct AudienceRowReader {
  /// As `add_to_audience` takes it.
  package struct Person {
    package let key: String
    /// The kept columns, as an array of PostgreSQL's, empty texts where a cell is empty; nil where none is kept.
    package let told: String?
  }

  package let key: AudienceKey
  package let map: ColumnMap
  package let kept: [KeptColumn]
  /// Of national phone numbers.
  let country: PhoneCountry?
  /// What was undone in cells, by kind: in how many rows.
  package private(set) var mended: [Cell.Mending: Int] = [:]

  /// Characters of what templates are told.
  private static let longestValue = 300

  package init(_ key: AudienceKey, _ map: ColumnMap, keeping kept: [KeptColumn], country: PhoneCountry?) {
    (self.key, self.map, self.kept, self.country) = (key, map, kept, country)
  }

  /// The refusal's path is the key, or the heading of a kept column.
  package mutating func read(_ row: TableRow) throws(Refusal) -> Person {
    if let damage = row.damage { throw damage }
    var cells = Cells(row, map)
    let word = try word(&cells)
    var mended = cells.mended
    var told: [String] = []
    for column in kept {
      do throws(Refusal) {
        let text = try Cell.text(row[column.column], &mended) ?? ""
        if text.count > Self.longestValue {
          throw Refusal("too-long", "at most \(Self.longestValue) characters are kept of a cell")
        }
        told.append(text)
      } catch { throw error.at(column.heading) }
    }
    for kind in mended { self.mended[kind, default: 0] += 1 }
    return Person(key: word, told: kept.isEmpty ? nil : ArrayLiteral.texts(told))
  }

  private func word(_ cells: inout Cells) throws(Refusal) -> String {
    guard let written = try key == .email ? cells.text(key.field.name) : cells.code(key.field.name) else {
      throw Refusal("missing", at: key.field.name, "the field is required")
    }
    switch key {
    case .customer, .number: return written
    case .email: return written.lowercased()
    case .phone:
      do throws(Refusal) { return String(try PhoneCell.read(written, in: country).digits) } catch {
        throw error.at(key.field.name)
      }
    case .lead:
      guard let number = Int64(written), number > 0 else {
        throw Refusal("out-of-range", at: key.field.name, "a lead's number was expected")
      }
      return String(number)
    }
  }
}
