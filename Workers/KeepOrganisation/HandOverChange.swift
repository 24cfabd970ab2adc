import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

enum HandOverChange: Sendable {
  case lead(HandedLead)
  case reminder(HandOver.Task, Int64, to: Int64?)
  case customer(HandOver.Task, Int64, to: Int64)
  case finished(HandOver.Task, next: String)
  case waits(HandOver.Task, since: Timestamp)
}

/// A lead that goes on: to another owner, with its owner to another branch, or, without an owner, back to the rotation.
final class HandedLead: Sendable {
  let task: HandOver.Task
  let id: Int64
  let version: Int32
  let at: Timestamp
  let branch: Int64
  let owner: Int64?
  let since: Timestamp?
  let protection: LeadClock.Protection?

  init(
    _ task: HandOver.Task, _ lead: HandOver.LeadInHand, _ version: LeadVersion, branch: Int64, owner: Int64?,
    since: Timestamp?, protection: LeadClock.Protection?
  ) {
    self.task = task
    id = lead.id
    self.version = version.version
    at = version.at
    self.branch = branch
    self.owner = owner
    self.since = since
    self.protection = protection
  }
}

extension HandOverChange {
  private static let worker = KeepOrganisation.name

  /// Leads, their history, branches, people, what was handed over, and reminders last: the order of locks.
  static let writes: [Write<HandOverState, HandOverChange>] =
    [
      .each(
        { $0.handed },
        """
        update lead l
        set state = case when a.owner is null then 'held' else 'owned' end, branch_id = a.branch, owner_id = a.owner,
          held_reason = case when a.owner is null then 'handed-over' end,
          held_since = case when a.owner is null then a.at end, held_ruleset = null, protected_since = a.since,
          protected_until = a.until, check_at = a.check_at, version = a.version
        from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[],
          $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
          a (id, version, at, branch, owner, former, since, until, check_at)
        where l.id = a.id and l.state = 'owned' and l.owner_id = a.former and l.version = a.version - 1
        """,
        .integer { $0.id }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.branch }, .integer { $0.owner },
        .integer { $0.task.person }, .timestamp { $0.since }, .timestamp { $0.protection?.until },
        .timestamp { $0.protection?.checkAt }),
      .each(
        { $0.handed },
        """
        insert into lead_history (lead_id, version, at, what, branch_id, owner_id, reason, former_owner_id, worker)
        select id, version, at, case when owner is null then 'held' else 'transferred' end, branch, owner,
          case when owner is null then 'handed-over' else cause end,
        case when owner is distinct from former then former end,
          'keep-organisation'
        from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
          a (id, version, at, branch, owner, cause, former)
        """,
        .integer { $0.id }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.branch }, .integer { $0.owner },
        .text { $0.task.cause }, .integer { $0.task.person }),
      // keep-customers gives them on.
      .each(
        { $0.customer },
        """
        insert into customer_move (customer_id, receiver_id, giver_id, hand_over_id)
        select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
        """,
        .integer { $0.id }, .integer { $0.receiver }, .integer { $0.task.person }, .integer { $0.task.id }),
      .total(
        { state, _ in state.branches.values.filter { $0.held != $0.heldBefore }.sorted { $0.id < $1.id } },
        """
        update branch_load l set held = a.held from unnest($1::bigint[], $2::int[]) a (branch, held)
        where l.branch_id = a.branch
        """,
        .integer { $0.id }, .small { $0.held }),
      .total(
        { state, _ in
          [state.giver, state.receiver].compactMap { $0 }.filter { $0.open != $0.openBefore }.sorted { $0.id < $1.id }
        },
        """
        update person_load l set open_leads = a.open from unnest($1::bigint[], $2::int[]) a (person, open)
        where l.person_id = a.person
        """,
        .integer { $0.id }, .small { $0.open }),
    ] + bookkeeping + reminding

  private static let bookkeeping: [Write<HandOverState, HandOverChange>] = [
    .total(
      { _, changes in Tally.of(changes) },
      """
      update hand_over h set leads = h.leads + a.leads, reminders = h.reminders + a.reminders,
        customers = h.customers + a.customers
      from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) a (id, leads, reminders, customers)
      where h.id = a.id
      """,
      .integer { $0.task }, .integer { $0.leads }, .integer { $0.reminders }, .integer { $0.customers }),
    .total(
      { _, changes in Tally.of(changes).filter { $0.receiver != nil } },
      """
      insert into hand_over_receiver as r (hand_over_id, person_id, leads, customers)
      select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
      on conflict (hand_over_id, person_id)
      do update set leads = r.leads + excluded.leads, customers = r.customers + excluded.customers
      """,
      .integer { $0.task }, .integer { $0.receiver }, .integer { $0.received }, .integer { $0.customers }),
    .each(
      { $0.next },
      """
      update hand_over h set phase = a.next, finished_at = case when a.next = 'done' then clock_timestamp() end
      from unnest($1::bigint[], $2::text[], $3::text[]) a (id, next, former)
      where h.id = a.id and h.phase = a.former
      """,
      .integer { $0.task.id }, .text { $0.phase }, .text { $0.task.phase }),
    .each(
      { $0.waiting },
      """
      update hand_over h set waited_at = a.at from unnest($1::bigint[], $2::timestamptz[]) a (id, at)
      where h.id = a.id
      """,
      .integer { $0.task.id }, .timestamp { $0.since }),
  ]

  private static let reminding: [Write<HandOverState, HandOverChange>] = [
    .cancelling(by: worker) { _, changes in
      changes.compactMap(\.handed).filter { !$0.task.follows }.map {
        // The former owner's clock is over; all else goes with the lead, if somebody gets it.
        .about(.lead($0.id), kind: $0.owner == nil ? nil : "protection-ends", because: "handed-over")
      }
        // By rule, too: another word on who follows may have been that nobody does.
        + changes.compactMap(\.next).map { .key("hand-over/\($0.task.id)/waits", because: "successor-known") }
    },
    // What somebody was reminded of otherwise goes with the lead.
    .total(
      { _, changes in changes.compactMap(\.handed).filter { $0.owner != nil && !$0.task.follows } },
      """
      select move_reminders('keep-organisation', array_agg(r.id), array_agg(a.receiver))
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) a (lead, receiver, former)
        join reminder r on r.subject_kind = 'lead' and r.subject = a.lead::text
          and r.assignee_id = a.former and r.state = 'open'
      having count(*) > 0
      """,
      touchesEach: false, .integer { $0.id }, .integer { $0.owner }, .integer { $0.task.person }),
    .total(
      { _, changes in changes.compactMap(\.reminder) },
      """
      select move_reminders('keep-organisation', $1::bigint[], $2::bigint[])
      """,
      touchesEach: false, .integer { $0.id }, .integer { $0.receiver }),
    // One summary to each receiver, when everything is theirs.
    .total(
      { _, changes in changes.compactMap(\.next).filter { $0.phase == "done" } },
      """
      select raise_reminders('keep-organisation', array_agg('hand-over/' || h.id || '/' || r.person_id),
        array_agg('handed-over'::text), array_agg('person'::text), array_agg(p.code), array_agg(r.person_id),
        array_agg(null::bigint), array_agg(clock_timestamp()), array_agg('normal'::text),
        array_agg(format('%s leads and %s customers of %s are yours now.', r.leads, r.customers, p.code)))
      from unnest($1::bigint[]) a (id) join hand_over h on h.id = a.id
        join hand_over_receiver r on r.hand_over_id = h.id join person p on p.id = h.person_id
        -- What they got who have left since has gone on.
        join person w on w.id = r.person_id and w.active
      where r.person_id <> h.person_id
      having count(*) > 0
      """,
      touchesEach: false, .integer { $0.task.id }),
    .raising(by: worker) { _, changes in
      changes.compactMap(\.waiting).map { task, since in
        Reminder(
          "successor-unknown", key: "hand-over/\(task.id)/waits", about: .person(task.code),
          to: .manager(ofBranch: task.branch), due: since, urgency: .urgent,
          detail: "What \(task.code) had waits for \(task.successor ?? "-"), whom nobody knows yet.")
      }
    },
  ]

  var handed: HandedLead? { if case .lead(let lead) = self { lead } else { nil } }
  private var reminder: (id: Int64, receiver: Int64?)? {
    if case .reminder(_, let id, let receiver) = self { (id, receiver) } else { nil }
  }
  private var customer: (task: HandOver.Task, id: Int64, receiver: Int64)? {
    if case .customer(let task, let id, let receiver) = self { (task, id, receiver) } else { nil }
  }
  private var next: (task: HandOver.Task, phase: String)? {
    if case .finished(let task, let phase) = self { (task, phase) } else { nil }
  }
  private var waiting: (task: HandOver.Task, since: Timestamp)? {
    if case .waits(let task, let since) = self { (task, since) } else { nil }
  }
}

/// How much of one hand-over a chunk has done. A claim takes one hand-over, so that there is one or none.
private struct Tally {
  let task: Int64
  var receiver: Int64?
  /// Leads that went on, and those of them that the receiver got.
  var leads: Int64 = 0
  var received: Int64 = 0
  var reminders: Int64 = 0
  var customers: Int64 = 0

  static func of(_ changes: ArraySlice<HandOverChange>) -> [Tally] {
    var tally: Tally?
    for change in changes {
      switch change {
      case .lead(let lead):
        if tally == nil { tally = Tally(task: lead.task.id) }
        tally?.leads += 1
        guard let owner = lead.owner else { continue }
        tally?.receiver = owner
        tally?.received += 1
      case .reminder(let task, _, _):
        if tally == nil { tally = Tally(task: task.id) }
        tally?.reminders += 1
      case .customer(let task, _, let receiver):
        if tally == nil { tally = Tally(task: task.id) }
        tally?.receiver = receiver
        tally?.customers += 1
      case .finished, .waits: continue
      }
    }
    return tally.map { [$0] } ?? []
  }
}
