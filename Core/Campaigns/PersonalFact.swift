internal import Postgres

/// What templates can be told of each person by itself; a definition's own variable of the same name goes before it, and so does a list's
/// column.
enum PersonalFact: String, CaseIterable, Sendable {
  case name, code, number, level, assets, product, source
  /// Names, not codes.
  case branch, manager

  /// What is not known of somebody of an audience, as a condition on their row `x`.
  var isMissing: StaticString {
    switch self {
    case .name: "coalesce(x.name, '') !~ '[^[:space:]]'"
    case .code: "x.code is null"
    case .number: "coalesce(x.number, '') !~ '[^[:space:]]'"
    case .level: "coalesce(x.level, '') !~ '[^[:space:]]'"
    case .assets: "x.amount is null or x.currency is null"
    case .product: "coalesce(x.product, '') !~ '[^[:space:]]'"
    case .source: "coalesce(x.source, '') !~ '[^[:space:]]'"
    case .branch: "x.branch_id is null"
    case .manager: "x.manager_id is null"
    }
  }
}
