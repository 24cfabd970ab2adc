package import Tables
internal import Values

/// What a row of a list says who somebody is by, the most certain first. The words are those of `audience_list.key`.
package enum AudienceKey: String, CaseIterable {
  /// The core system's id.
  case customer
  case lead
  /// The customer number.
  case number
  case phone
  case email

  /// With the headings by which other tables know it. A column that is headed `customer` or `number` may be a name or count lines.
  package var field: TableField {
    switch self {
    case .customer: TableField("customerId", AudienceKey.headings("customerId"))
    case .lead: TableField("leadId", ["leadnumber", "leadno", "线索编号", "线索号"])
    case .number: TableField("customerNumber", AudienceKey.headings("number"))
    case .phone: TableField("phone", AudienceKey.headings("phone"))
    case .email: TableField("email", AudienceKey.headings("email"))
    }
  }

  private static func headings(_ field: String) -> [String] {
    CustomersImportFields.all.first { $0.name == field }?.headings ?? []
  }

  /// Which column of a table says it.
  /// - Parameters:
  ///   - wanted: nil is the most certain that some column says.
  ///   - given: `--map`.
  package static func find(
    _ wanted: AudienceKey?, in header: [String], given: String?
  ) throws(TableError) -> (key: AudienceKey, map: ColumnMap) {
    let fields = AudienceKey.allCases.map(\.field)
    if let wanted {
      let field = TableField(wanted.field.name, wanted.field.headings, required: true)
      // Others only where `--map` may name them.
      let others = given == nil ? [] : fields.filter { $0.name != field.name }
      return (wanted, try ColumnMap(header, [field] + others, given: given))
    }
    for key in AudienceKey.allCases {
      let map = try ColumnMap(header, given == nil ? [key.field] : fields, given: given)
      if map[key.field.name] != nil { return (key, map) }
    }
    throw .file(
      "no column says who is meant; the first line has \(header.map(shown).joined(separator: ", ")): say which one does with "
        + "--map COLUMN=phone, or customerId, customerNumber, email, leadId.")
  }
}
