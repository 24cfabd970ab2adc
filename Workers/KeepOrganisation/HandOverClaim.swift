import LeadClock
import Postgres
import Values

extension HandOver {
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    let due = try transaction.rows(
      "select exists (select from hand_over where phase not in ('done', 'cancelled'))")[0].boolean(0)
    guard due else { return [] }
    // Whoever tells of somebody who is back, or of another successor, changes hand-overs under this lock: without it,
    // they would wait for each other, one with a branch, the other with a hand-over in hand.
    _ = try transaction.rows("select from organisation for update")
    let tasks = try transaction.rows(
      """
      select h.id, h.cause, h.person_id, p.code, p.branch_id, h.from_branch_id, h.follows, h.successor, h.phase,
        case when not h.follows then hand_over_receiver(h.person_id, h.from_branch_id, h.successor) end
      from hand_over h join person p on p.id = h.person_id
      where h.phase not in ('done', 'cancelled')
        and (h.follows or h.waited_at is null
          or hand_over_receiver(h.person_id, h.from_branch_id, h.successor) is not null)
        and (h.phase <> 'customers' or h.follows
          or hand_over_receiver(h.person_id, h.from_branch_id, h.successor) is not null)
        -- Customers who are on the way to them go on with all others.
        and (h.phase <> 'customers' or not exists (
          select from customer_move m where m.receiver_id = h.person_id and m.settled_at is null))
        and not exists (select from set_aside s where s.sweep = 'hand-over' and s.item = 'hand-over ' || h.id)
      order by h.id limit 1 for update of h skip locked
      """)
    guard let row = tasks.first else { return [] }
    let task = Task(
      id: row.integer(0), cause: row.text(1), person: row.integer(2), code: row.text(3), branch: row.integer(4),
      fromBranch: row.optionalInteger(5), follows: row.boolean(6), successor: row.optionalText(7), phase: row.text(8),
      receiver: row.optionalInteger(9))
    if task.waits { return [.waits(task)] }
    switch task.phase {
    case "leads":
      let leads = try leads(task, limit, transaction)
      if leads.isEmpty { return [.finished(task, next: task.cause == "left" ? "reminders" : "done")] }
      return leads.map { .lead(task, $0) }
    case "reminders":
      let reminders = try reminders(task, limit, transaction)
      return reminders.isEmpty ? [.finished(task, next: "customers")] : reminders.map { .reminder(task, $0) }
    default:
      let customers = try customers(task, limit, transaction)
      return customers.isEmpty ? [.finished(task, next: "done")] : customers.map { .customer(task, $0) }
    }
  }

  /// Those that follow are the ones that still stand in another branch than their owner.
  private static func leads(
    _ task: Task, _ limit: Int, _ transaction: Transaction
  ) throws(PostgresError) -> [LeadInHand] {
    try transaction.rows(
      """
      select l.id, l.version, l.branch_id, l.region, l.product, l.level, l.protected_until, l.check_at,
        l.protected_since
      from lead l
      where l.state = 'owned' and l.owner_id = $1
        and case when $2 then l.branch_id <> $3 else $4::bigint is null or l.branch_id = $4 end
        and not exists (select from set_aside s where s.sweep = 'hand-over' and s.item = 'lead ' || l.id)
      order by l.id limit $5 for update
      """
    ) {
      $0.integer(task.person)
      $0.boolean(task.follows)
      $0.integer(task.branch)
      $0.integer(task.fromBranch)
      $0.integer(Int64(limit))
    }.map { row in
      LeadInHand(
        id: row.integer(0), version: Int32(row.small(1)), branch: row.integer(2), region: row.optionalText(3),
        place: LeadClock.Place(
          branch: row.integer(2), product: row.optionalText(4), level: row.optionalText(5)),
        protectedUntil: row.timestamp(6), checkAt: row.optionalTimestamp(7), since: row.optionalTimestamp(8))
    }
  }

  private static func reminders(
    _ task: Task, _ limit: Int, _ transaction: Transaction
  ) throws(PostgresError) -> [Int64] {
    try transaction.rows(
      """
      select r.id from reminder r
      where r.assignee_id = $1 and r.state = 'open'
        and not exists (select from set_aside s where s.sweep = 'hand-over' and s.item = 'reminder ' || r.id)
      order by r.id limit $2 for update
      """
    ) {
      $0.integer(task.person)
      $0.integer(Int64(limit))
    }.map { $0.integer(0) }
  }

  private static func customers(
    _ task: Task, _ limit: Int, _ transaction: Transaction
  ) throws(PostgresError) -> [Int64] {
    try transaction.rows(
      """
      select c.id from customer c
      where c.manager_id = $1
        and not exists (select from customer_move m where m.customer_id = c.id and m.settled_at is null)
        and not exists (select from set_aside s where s.sweep = 'hand-over' and s.item = 'customer ' || c.id)
      order by c.id limit $2
      """
    ) {
      $0.integer(task.person)
      $0.integer(Int64(limit))
    }.map { $0.integer(0) }
  }
}
