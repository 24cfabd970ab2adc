internal import Contract
package import Customers
internal import Digest
internal import JSON
package import PhoneNumbers
package import Tables
internal import Topics
package import Values

/// Makes a `lead.registered` of a row, or says why none can be made. What the workers would refuse or hold as undialable
/// is refused here, where a person sits who can mend it.
///
/// The event's id is made of its data and nothing else: the same row, in whichever file and at whichever place, has the
/// same id, and the workers drop what they have taken (see ops/decisions/import-identity.md).
package final class LeadRowReader {
  package struct Choices {
    /// Of rows that name none.
    package var source: String?
    package var importer: String?
    package var country = PhoneCountry("CN")
    package var currency = "CNY"
    /// What ids begin with; another one makes other leads of the same rows.
    package var name: String
    /// For rows with an ID number: nobody who reads an id can try numbers out.
    package var identityKey: IdentityKey?

    package init(source: String? = nil, name: String = "import", identityKey: IdentityKey? = nil) {
      self.source = source
      self.name = name
      self.identityKey = identityKey
    }
  }

  static let eventSource = "/millrace/leads/import"

  private let map: ColumnMap
  private let choices: Choices
  private let tape = JSONTape()
  private let sha = SHA256()
  /// What was undone in cells, by kind: in how many rows.
  package private(set) var mended: [Cell.Mending: Int] = [:]

  package init(_ map: ColumnMap, _ choices: Choices) {
    self.map = map
    self.choices = choices
  }

  /// Calls `body` with the event. The refusal's path is the event's field.
  package func read(_ row: TableRow, _ body: (PublishLine) throws -> Void) throws -> Refusal? {
    if let damage = row.damage { return damage }
    let data: Data
    do throws(Refusal) {
      data = try self.data(of: row)
    } catch {
      return error
    }
    try data.bytes.withUnsafeBytes { bytes in
      var line = PublishLine(value: bytes)
      line.type = LeadRegistered.types[0]
      line.source = Self.eventSource
      line.key = data.key
      let secret = data.hasIDNumber ? choices.identityKey : nil
      let fingerprint = secret?.fingerprint(ofData: data.bytes) ?? sha.fingerprint(of: bytes)
      line.id = "\(choices.name)/\(fingerprint.hexadecimal)"
      try body(line)
    }
    return nil
  }

  private struct Data {
    let bytes: [UInt8]
    let key: String
    let hasIDNumber: Bool
  }

  private func data(of row: TableRow) throws(Refusal) -> Data {
    var mended: Set<Cell.Mending> = []
    let phone = try self.phone(row, &mended)
    let value = try self.value(row, &mended)
    let idType = try text("idType", row, &mended).map { LeadsImportFields.documents[$0] ?? $0.lowercased() }
    let idNumber = try self.idNumber(row, kind: idType, &mended)
    let name = try text("name", row, &mended)
    let source = try text("source", row, &mended) ?? choices.source
    let product = try text("product", row, &mended)
    let level = try text("level", row, &mended)
    let language = try text("language", row, &mended)
    let customerNumber = try code("customerNumber", row, &mended)
    let data = JSONWriter.object { data in
      data.member("phone", phone)
      data.member("name", name)
      data.member("source", source)
      data.member("product", product)
      data.member("level", level)
      data.member("language", language.map { LeadsImportFields.languages[$0.lowercased()] ?? $0 })
      data.member("value", value)
      data.member("idNumber", idNumber)
      data.member("idType", idNumber == nil ? nil : idType)
      data.member("customerNumber", customerNumber)
      data.member("importer", choices.importer)
    }
    let result: Result<String, Refusal> = data.withUnsafeBytes { bytes in
      Result { () throws(Refusal) in
        try tape.read(bytes) { object throws(Refusal) in
          try LeadRegistered(type: LeadRegistered.types[0], reading: object).key
        }
      }
    }
    let key = try result.get()
    for kind in mended { self.mended[kind, default: 0] += 1 }
    return Data(bytes: data, key: key, hasIDNumber: idNumber != nil)
  }

  // MARK: Fields

  private func text(
    _ field: StaticString, _ row: TableRow, _ mended: inout Set<Cell.Mending>
  ) throws(Refusal) -> String? {
    guard let column = map[field.description] else { return nil }
    do throws(Refusal) { return try Cell.text(row[column], &mended) } catch { throw error.at(field.description) }
  }

  private func code(
    _ field: StaticString, _ row: TableRow, _ mended: inout Set<Cell.Mending>
  ) throws(Refusal) -> String? {
    guard let column = map[field.description] else { return nil }
    do throws(Refusal) { return try Cell.code(row[column], &mended) } catch { throw error.at(field.description) }
  }

  /// E.164, so that one number in two spellings is one.
  private func phone(_ row: TableRow, _ mended: inout Set<Cell.Mending>) throws(Refusal) -> String {
    guard let written = try code("phone", row, &mended) else {
      throw Refusal("missing", at: "phone", "the field is required")
    }
    var country = choices.country
    if let code = try code("country", row, &mended) {
      guard let known = PhoneCountry(code.uppercased()) else {
        throw Refusal("not-a-country", at: "country", "two letters of ISO 3166-1 were expected, as in CN")
      }
      country = known
    }
    do throws(Refusal) { return try PhoneCell.read(written, in: country).e164 } catch { throw error.at("phone") }
  }

  private func value(_ row: TableRow, _ mended: inout Set<Cell.Mending>) throws(Refusal) -> Money? {
    let currency = try code("currency", row, &mended)?.uppercased() ?? choices.currency
    guard let written = try code("value", row, &mended) else { return nil }
    return try Amount.read(written, currency: currency)
  }

  private func idNumber(
    _ row: TableRow, kind: String?, _ mended: inout Set<Cell.Mending>
  ) throws(Refusal) -> String? {
    guard let written = try code("idNumber", row, &mended) else { return nil }
    do throws(IDNumber.Fault) {
      _ = try IDNumber(written, kind: kind.flatMap { IDNumber.Kind(rawValue: $0) })
    } catch {
      // Spreadsheets keep fifteen digits of a number and fill up with zeros.
      if written.utf8.count == 18, written.hasSuffix("000") {
        throw Refusal(
          "rounded-by-spreadsheet", at: "idNumber",
          "a spreadsheet has put zeros for the last digits: format the column as text before exporting")
      }
      throw Refusal("not-an-id-number", at: "idNumber", error.rawValue)
    }
    return written
  }
}

extension Fingerprint {
  /// 32 digits.
  fileprivate var hexadecimal: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
