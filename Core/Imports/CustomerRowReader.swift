internal import JSON
package import Tables
package import Values

/// Makes a `customer.profile` of a row, or says why none can be made.
package final class CustomerRowReader {
  package struct Choices {
    /// Of rows that have none.
    package var version: Int64?
    package var country = "CN"
    package var currency = "CNY"

    package init(version: Int64? = nil) { self.version = version }
  }

  private let map: ColumnMap
  private let choices: Choices
  private let lines = CustomerLineReader()
  /// What was undone in cells, by kind: in how many rows.
  package private(set) var mended: [Cell.Mending: Int] = [:]

  package init(_ map: ColumnMap, _ choices: Choices) {
    self.map = map
    self.choices = choices
  }

  /// Calls `body` with the event. The refusal's path is the event's field.
  package func read(_ row: TableRow, _ body: (PublishLine) throws -> Void) throws -> Refusal? {
    if let damage = row.damage { return damage }
    let bytes: [UInt8]
    do throws(Refusal) { bytes = try data(of: row) } catch { return error }
    return try bytes.withUnsafeBytes { data in
      let line: PublishLine
      do throws(Refusal) { line = try lines.read(data) } catch { return error }
      try body(line)
      return nil
    }
  }

  private func data(of row: TableRow) throws(Refusal) -> [UInt8] {
    var cells = Cells(row, map)
    let customer = try cells.code("customerId")
    let version = try cells.integer("version") ?? choices.version
    let number = try cells.code("number")
    let name = try cells.text("name")
    let idNumber = try cells.code("idNumber")
    let idType = try cells.word("idType", CustomersImportFields.idTypes)
    var phones: [String] = []
    for field in ["phone", "phone2"] { if let phone = try cells.code(field) { phones.append(phone) } }
    let email = try cells.code("email")
    let language = try cells.word("language", LeadsImportFields.languages)
    let birthday = try cells.day("birthday")
    let level = try cells.text("level")
    let riskRating = try cells.text("riskRating")
    let assets = try assets(&cells)
    let tags = try cells.text("tags")?.split { ";；、|".contains($0) }.map { Cell.trimmed(String($0)) } ?? []
    let branch = try cells.code("branch")
    let manager = try cells.code("manager")
    let status = try cells.word("status", CustomersImportFields.statuses)
    let confidential = try cells.yesOrNo("confidential")
    let consents = try consents(&cells)
    for kind in cells.mended { mended[kind, default: 0] += 1 }
    return JSONWriter.object { data in
      data.member("customerId", customer)
      data.member("version", version)
      data.member("number", number)
      data.member("idNumber", idNumber)
      data.member("idType", idType)
      data.member("name", name)
      data.objects("phones", phones) {
        $0.member("number", $1)
        $0.member("country", choices.country)
      }
      data.member("email", email)
      data.member("language", language)
      data.member("birthday", birthday)
      data.member("level", level)
      data.member("riskRating", riskRating)
      if let (money, asOf) = assets {
        data.object("assets") {
          $0.members(of: money)
          $0.member("asOf", asOf)
        }
      }
      data.texts("tags", tags.filter { !$0.isEmpty })
      data.objects("consents", consents) {
        $0.member("channel", $1.channel)
        $0.member("purpose", $1.purpose)
        $0.member("given", $1.given)
        $0.member("at", $1.at)
        $0.member("source", $1.source)
      }
      data.member("branch", branch)
      data.member("manager", manager)
      data.member("status", status)
      data.member("confidential", confidential)
    }
  }

  private func assets(_ cells: inout Cells) throws(Refusal) -> (Money, String)? {
    let currency = try cells.code("currency")?.uppercased() ?? choices.currency
    guard let written = try cells.code("assets") else { return nil }
    guard let asOf = try cells.time("assetsAsOf") else {
      throw Refusal("missing", at: "assetsAsOf", "assets are of a time: the field is required beside them")
    }
    do throws(Refusal) { return (try Amount.read(written, currency: currency), asOf) } catch {
      throw Refusal(restoring: error.reason, at: "assets", error.detail)
    }
  }

  private struct Consent {
    let channel: String
    let purpose: String
    let given: Bool
    let at: String
    let source: String
  }

  private func consents(_ cells: inout Cells) throws(Refusal) -> [Consent] {
    var consents: [Consent] = []
    let at = try cells.time("consentAt")
    let source = try cells.text("consentSource") ?? "import"
    for channel in CustomersImportFields.channels {
      for purpose in CustomersImportFields.purposes {
        guard let given = try cells.yesOrNo(CustomersImportFields.consent(channel, purpose)) else { continue }
        guard let at else {
          throw Refusal("missing", at: "consentAt", "consent is of a time: the field is required beside it")
        }
        consents.append(Consent(channel: channel, purpose: purpose, given: given, at: at, source: source))
      }
    }
    return consents
  }
}
