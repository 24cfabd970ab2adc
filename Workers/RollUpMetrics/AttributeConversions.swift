import Contract
import Postgres
import Values

/// Works out whose merit conversions are that nobody has looked at since they, or what touched their people, changed.
enum AttributeConversions: Sweep {
  static let name = "attribute-conversions"
  static var pause: Duration { .milliseconds(250) }
  static var chunk: Int { 200 }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Int64] {
    try transaction.rows(
      """
      select c.id from conversion c
      where c.due_at <= clock_timestamp()
        and not exists (select from set_aside s where s.sweep = 'attribute-conversions' and s.item = c.id::text)
      order by c.due_at limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map { $0.integer(0) }
  }

  static func label(_ conversion: Int64) -> String { String(conversion) }

  static func load(
    _ conversions: [Int64], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ conversion: Int64, _ state: inout Void, _ now: Timestamp) -> Decision<Int64> {
    .apply(conversion, outcome: "attributed")
  }

  static let writes: [Write<Void, Int64>] = [
    .total(
      { _, conversions in Array(conversions) }, "select attribute_conversions($1)", touchesEach: false, .integer { $0 })
  ]
}
