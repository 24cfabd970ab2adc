import Contract
import Postgres
import Values

/// Gives customers the branch and the manager that their profile named, once there is one of that code.
enum ResolveCustomers: Sweep {
  static let name = "resolve-customers"
  /// Branches and people come rarely.
  static var pause: Duration { .seconds(15) }

  struct Unresolved: Sendable {
    let id: Int64
    let branch: Int64?
    let manager: Int64?
  }

  /// By the indexes of unknown codes, a look for every branch and person: customers who wait cost nothing.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Unresolved] {
    let rows = try transaction.rows(
      """
      select c.id, b.id, p.id
      from customer c left join branch b on b.code = c.unknown_branch left join person p on p.code = c.unknown_manager
      where c.id in (
          select c.id from branch b join customer c on c.unknown_branch = b.code
          union all
          select c.id from person p join customer c on c.unknown_manager = p.code
          limit $1)
        and not exists (select from set_aside s where s.sweep = 'resolve-customers' and s.item = c.id::text)
      order by c.id limit $1 for update of c skip locked
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map {
      Unresolved(id: $0.integer(0), branch: $0.optionalInteger(1), manager: $0.optionalInteger(2))
    }
  }

  static func label(_ customer: Unresolved) -> String { String(customer.id) }

  static func load(_ customers: [Unresolved], _ cache: inout NoCache, _ transaction: Transaction) -> NothingLoaded {
    NothingLoaded()
  }

  static func decide(
    _ customer: Unresolved, _ state: inout NothingLoaded, _ now: Timestamp
  ) -> Decision<Unresolved> {
    .apply(customer, outcome: "resolved")
  }

  static let writes: [Write<NothingLoaded, Unresolved>] = [
    .each(
      { $0 },
      """
      update customer c
      set branch_id = coalesce(a.branch, c.branch_id), manager_id = coalesce(a.manager, c.manager_id),
        unknown_branch = case when a.branch is null then c.unknown_branch end,
        unknown_manager = case when a.manager is null then c.unknown_manager end
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) a (id, branch, manager)
      where c.id = a.id and c.id = any($1)
      """,
      .integer { $0.id }, .integer { $0.branch }, .integer { $0.manager })
  ]

  struct NothingLoaded {}
}
