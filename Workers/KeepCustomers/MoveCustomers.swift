import Contract
import Postgres
import Reminders
import Runtime
import Values

/// Gives customers to another manager, as a transfer or a hand-over asked for. Whoever has another manager by now stays there.
enum MoveCustomers: Sweep {
  static let name = "move-customers"
  static var pause: Duration { .seconds(2) }

  struct Move: Sendable {
    let id: Int64
    let customer: Int64
    let giver: Int64
    let receiver: Int64
    let transfer: Int64?
    let isThere: Bool
  }

  struct State {
    /// Codes of those who receive.
    let receivers: [Int64: String]
    let at: Timestamp
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Move] {
    try transaction.rows(
      """
      select m.id, m.customer_id, m.giver_id, m.receiver_id, m.transfer_id, c.manager_id is not distinct from m.giver_id
      from customer_move m join customer c on c.id = m.customer_id
      where m.settled_at is null
        and not exists (select from set_aside s where s.sweep = 'move-customers' and s.item = m.id::text)
      order by m.customer_id limit $1 for update of m, c skip locked
      """
    ) { $0.integer(Int64(limit)) }.map {
      Move(
        id: $0.integer(0), customer: $0.integer(1), giver: $0.integer(2), receiver: $0.integer(3),
        transfer: $0.optionalInteger(4), isThere: $0.boolean(5))
    }
  }

  static func label(_ move: Move) -> String { String(move.id) }

  static func load(
    _ moves: [Move], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> State { try load(moves, transaction) }

  static func load(_ moves: [Move], _ transaction: Transaction) throws(PostgresError) -> State {
    let codes = Question<[Int64: String]>(
      "select id, code from person where id = any($1)", { $0.integers(Set(moves.map(\.receiver)).sorted()) { $0 } },
      reading: { rows in Dictionary(uniqueKeysWithValues: rows.map { ($0.integer(0), $0.text(1)) }) })
    return State(receivers: try transaction.ask(codes), at: try transaction.moment())
  }

  static func decide(_ move: Move, _ state: inout State, _ now: Timestamp) -> Decision<Move> {
    .apply(move, outcome: move.isThere ? "moved" : "gone")
  }

  static let writes: [Write<State, Move>] = [
    .each(
      { $0.isThere && !Sabotage.leaveCustomer.isOn ? $0 : nil },
      """
      update customer c set manager_id = a.receiver, unknown_manager = null, changed_at = clock_timestamp()
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) a (id, giver, receiver)
      where c.id = a.id and c.id = any($1) and c.manager_id = a.giver
      """,
      .integer { $0.customer }, .integer { $0.giver }, .integer { $0.receiver }),
    .each(
      { $0 },
      """
      update customer_move m
      set settled_at = clock_timestamp(), outcome = case when a.moved then 'moved' else 'gone' end
      from unnest($1::bigint[], $2::boolean[]) a (id, moved) where m.id = a.id and m.settled_at is null
      """,
      .integer { $0.id }, .boolean { $0.isThere }),
    // The same cause as the reminder of the leads of that transfer: whichever comes first tells of both.
    .raising(by: KeepCustomers.name) { state, moves in
      var told: Set<String> = []
      return moves.compactMap { move in
        guard move.isThere, let transfer = move.transfer, let code = state.receivers[move.receiver] else { return nil }
        let key = "transfer/\(transfer)/\(move.receiver)"
        guard told.insert(key).inserted else { return nil }
        return Reminder(
          "leads-transferred", key: key, about: .person(code), to: .person(move.receiver), due: state.at,
          detail: "Customers and leads were transferred to you (transfer \(transfer)): "
            + "millrace leads list --owner \(code)")
      }
    },
  ]
}
