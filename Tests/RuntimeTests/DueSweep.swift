import Contract
import Postgres
import Values

/// The smallest sweep that can go wrong in every way: a row of `due` says what is to become of it.
enum DueSweep: Sweep {
  static let name = "test-due"
  static let pause = Duration.milliseconds(10)

  struct Item: Sendable {
    let id: Int64
    let kind: String
  }

  struct Row {
    let id: Int64
    let value: Int64
  }

  static let tables = """
    create table millrace.due (id bigint primary key, kind text not null default 'good', is_done boolean not null default false);
    create table millrace.done (
      place bigint generated always as identity, id bigint not null, value bigint not null check (value <> 666));
    create table millrace.taken (id bigint primary key);
    """

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    let rows = try transaction.rows(
      """
      select id, kind from due
      where not is_done and not exists (select from set_aside s where s.sweep = 'test-due' and s.item = due.id::text)
      order by id limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map { Item(id: $0.integer(0), kind: $0.text(1)) }
  }

  static func label(_ item: Item) -> String { String(item.id) }

  static func load(_ items: [Item], _ cache: inout NoCache, _ transaction: Transaction) throws(PostgresError) {
    for item in items where item.kind.hasPrefix("gate ") { Gate.named(String(item.kind.dropFirst(5))).pass() }
  }

  static func decide(_ item: Item, _ state: inout Void, _ now: Timestamp) -> Decision<Row> {
    switch item.kind {
    case "bad": return .apply(Row(id: item.id, value: 666))
    case "taken": return .apply(Row(id: item.id, value: -1))
    case "reject": return .reject(Refusal("unwanted", at: "kind", "the row asks to be refused"))
    case "look": return .ignore("looked-at")
    case "shout":
      return .apply(Row(id: item.id, value: 1), emit: [Emission(Echo(String(repeating: "a", count: 12_000), 1))])
    default: return .apply(Row(id: item.id, value: 1), emit: [Emission(Echo("\(item.id)", item.id))])
    }
  }

  static let writes: [Write<Void, Row>] = [
    .each(
      { $0 }, "update due set is_done = true from unnest($1::bigint[]) a (id) where due.id = a.id and not is_done",
      .integer { $0.id }),
    .each(
      { $0 }, "insert into done (id, value) select * from unnest($1::bigint[], $2::bigint[])", .integer { $0.id },
      .integer { $0.value }),
    .each({ $0.value == -1 ? $0 : nil }, "insert into taken select * from unnest($1::bigint[])", .integer { $0.id }),
  ]
}
