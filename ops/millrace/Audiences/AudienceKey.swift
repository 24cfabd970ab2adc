/// What a row of a list says who somebody is by, the most certain first. The words are those of `audience_list.key`.
enum AudienceKey: String, CaseIterable {
  /// The core system's id.
  case customer
  case lead
  /// The customer number.
  case number
  case phone
  case email

  /// With the headings by which other tables know it.
  var field: TableField {
    switch self {
    case .customer: AudienceKey.same(rawValue, as: "customerId")
    case .lead: TableField(rawValue, ["leadid", "leadnumber", "leadno", "线索", "线索编号", "线索号"])
    case .number: AudienceKey.same(rawValue, as: "number")
    case .phone: AudienceKey.same(rawValue, as: "phone")
    case .email: AudienceKey.same(rawValue, as: "email")
    }
  }

  private static func same(_ name: String, as other: String) -> TableField {
    let headings = CustomersImportFields.all.first { $0.name == other }?.headings ?? []
    return TableField(name, headings + [ColumnMap.normalized(other)])
  }

  /// Which column of a table says it.
  /// - Parameters:
  ///   - wanted: nil is the most certain that some column says.
  ///   - given: `--map`.
  static func find(
    _ wanted: AudienceKey?, in header: [String], given: String?
  ) throws(Failure) -> (key: AudienceKey, map: ColumnMap) {
    let fields = AudienceKey.allCases.map(\.field)
    if let wanted {
      let field = TableField(wanted.rawValue, wanted.field.headings, required: true)
      return (
        wanted,
        try ColumnMap(header, given == nil ? [field] : [field] + fields.filter { $0.name != field.name }, given: given)
      )
    }
    for key in AudienceKey.allCases {
      let map = try ColumnMap(header, given == nil ? [key.field] : fields, given: given)
      if map[key.rawValue] != nil { return (key, map) }
    }
    throw .no(
      "no column says who is meant; the first line has \(header.map(shown).joined(separator: ", ")): say which one does with "
        + "--map COLUMN=phone, or customer, number, email, lead.")
  }
}
