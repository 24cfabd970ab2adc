import Postgres
import Values

/// A branch that passes leads down, and how long it may take.
struct Step: Equatable {
  enum Then: String { case escalate, allocate }

  let branch: Int64
  let branchCode: String
  /// When the branch must have passed on what it gets now.
  let due: Timestamp
  /// When its manager is reminded of that.
  let remind: Timestamp?

  /// Of those branches that have a policy: their own counts before their level's. Minutes are working time.
  static func of(_ branches: [Int64], at moment: Timestamp) -> Question<[Int64: Step]> {
    guard !branches.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select b.id, b.code, working_deadline(b.calendar_id, b.time_zone, $2, p.within_minutes),
        case when p.remind_minutes is not null
          then working_deadline(b.calendar_id, b.time_zone, $2, p.within_minutes - p.remind_minutes) end
      from branch b
        cross join lateral (
          select * from step_policy s where s.branch_id = b.id or s.level = b.level
          order by s.branch_id nulls last limit 1) p
      where b.id = any($1)
      """
    ) {
      $0.integers(branches) { $0 }
      $0.timestamp(moment)
    } reading: { rows in
      var steps: [Int64: Step] = [:]
      for row in rows {
        steps[row.integer(0)] = Step(
          branch: row.integer(0), branchCode: row.text(1), due: row.timestamp(2), remind: row.optionalTimestamp(3))
      }
      return steps
    }
  }
}
