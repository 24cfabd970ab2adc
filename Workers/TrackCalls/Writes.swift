import Calls
import Contract
import Postgres
import Reminders

extension CallChange {
  /// Calls as they are decided; then, sorted, what several calls may have in common: leads, who was talked to and who waits,
  /// and last the figures, whose rows everybody wants.
  static let writes: [Write<CallBook, CallChange>] = [
    calls, goneCalls, talked, agentStates, leads, steps, late, contacts, tasks, callBacks, goneCallBacks, figures,
    .cancelling(by: TrackCalls.name) { _, changes in
      changes.flatMap(\.steps).map { .about(.lead($0.lead), kind: "protection-ends", because: "contacted") }
        + changes.flatMap(\.gone).map { .key(CallBackRow.key($0.call, $0.use), because: "no-call") }
    },
  ]

  /// `any($1)` beside the join lets the planner use the key whatever it believes of the table's size.
  private static let calls: Write<CallBook, CallChange> = .each(
    of: \.rows,
    """
    merge into call c
    using unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
      $9::bigint[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::int[],
      $16::int[], $17::int[], $18::int[], $19::int[], $20::text[], $21::int[], $22::text[], $23::int[], $24::text[], $25::int[], $26::timestamptz[])
      a (id, before, facts, direction, queue, agent, phone, linked, lead_id, customers, started_at, answered_at, ended_at,
      last_at, ring_ms, wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, disposition, flags, contact, use, queue_at)
    on c.id = a.id and c.use = a.use and c.id = any($1)
    when matched and c.version = a.before then update set
      version = a.before + 1, facts = a.facts, direction = a.direction, queue = a.queue, agent = a.agent, phone = a.phone,
      linked = a.linked, lead_id = a.lead_id,
      customer_id = case when cardinality(a.customers::bigint[]) = 1 then (a.customers::bigint[])[1] end,
      customer_ids = case when cardinality(a.customers::bigint[]) > 1 then a.customers::bigint[] end,
      started_at = a.started_at, answered_at = a.answered_at, ended_at = a.ended_at, last_at = a.last_at,
      ring_ms = a.ring_ms, wait_ms = a.wait_ms, talk_ms = a.talk_ms, hold_ms = a.hold_ms, wrap_up_ms = a.wrap_up_ms,
      outcome = a.outcome, transfers = a.transfers, disposition = a.disposition, flags = a.flags, contact = a.contact,
      queue_at = a.queue_at
    when not matched and a.before = 0 then insert (id, version, facts, direction, queue, agent, phone, linked, lead_id,
        customer_id, customer_ids, started_at, answered_at, ended_at, last_at, ring_ms, wait_ms, talk_ms, hold_ms,
        wrap_up_ms, outcome, transfers, disposition, flags, contact, use, queue_at)
      values (a.id, 1, a.facts, a.direction, a.queue, a.agent, a.phone, a.linked, a.lead_id,
        case when cardinality(a.customers::bigint[]) = 1 then (a.customers::bigint[])[1] end,
        case when cardinality(a.customers::bigint[]) > 1 then a.customers::bigint[] end,
        a.started_at, a.answered_at, a.ended_at, a.last_at, a.ring_ms, a.wait_ms, a.talk_ms, a.hold_ms, a.wrap_up_ms,
        a.outcome, a.transfers, a.disposition, a.flags, a.contact, a.use, a.queue_at)
    """,
    .text { $0.id }, .small { $0.version }, .text { $0.facts }, .text { $0.story.direction?.rawValue },
    .text { told($0.story.queue) }, .text { $0.story.agent.flatMap(told) }, .integer { $0.story.phone },
    .text { told($0.story.linked) }, .integer { $0.memory.who.lead },
    .text { $0.memory.who.customers.isEmpty ? nil : ArrayLiteral.integers($0.memory.who.customers) },
    .timestamp { $0.story.startedAt }, .timestamp { $0.story.answeredAt }, .timestamp { $0.story.endedAt },
    .timestamp { $0.lastAt }, .small { CallRow.milliseconds($0.story.ring) },
    .small { CallRow.milliseconds($0.story.wait) }, .small { CallRow.milliseconds($0.story.talk) },
    .small { CallRow.milliseconds($0.story.hold) }, .small { CallRow.milliseconds($0.story.wrapUp) },
    .text { $0.story.outcome?.rawValue }, .small { $0.story.transfers }, .text { told($0.story.disposition) },
    .small { $0.story.flags.rawValue }, .text { $0.memory.contact }, .small { $0.use },
    .timestamp { $0.story.stays.first?.from })

  private static let goneCalls: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.gone) },
    """
    delete from call c using unnest($1::text[], $2::int[], $3::int[]) a (id, use, version)
    where c.id = a.id and c.use = a.use and c.version = a.version and c.id = any($1)
    """,
    .text { $0.call }, .small { $0.use }, .small { $0.version })

  private static func told(_ text: String) -> String? { text.isEmpty ? nil : text }

  private static let talked: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.talked) },
    "insert into call_talk_due (calls, uses) values ($1, $2)",
    touchesEach: false,
    .text { $0.call }, .small { $0.use })

  private static let agentStates: Write<CallBook, CallChange> = .total(
    { _, changes in changes.compactMap(\.agent).sorted { ($0.agent, $0.at, $0.state) < ($1.agent, $1.at, $1.state) } },
    """
    insert into agent_state (agent, at, state, reason)
    select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) on conflict do nothing
    """,
    touchesEach: false,
    .text { $0.agent }, .timestamp { $0.at }, .text { $0.state }, .text { $0.reason })

  private static let leads: Write<CallBook, CallChange> = .total(
    { book, _ in book.leads.values.filter(\.isChanged).sorted { $0.id < $1.id } },
    """
    update lead l
    set version = a.version, protected_until = a.protected_until, check_at = a.check_at, contacted_at = a.contacted_at
    from unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
      a (id, version_before, version, protected_until, check_at, contacted_at)
    where l.id = a.id and l.id = any($1) and l.version = a.version_before and l.state = 'owned'
    """,
    .integer { $0.id }, .small { $0.versionBefore }, .small { $0.version }, .timestamp { $0.protectedUntil },
    .timestamp { $0.checkAt }, .timestamp { $0.contactedAt })

  private static let steps: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.steps) },
    """
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, by_id, source, event_id, worker)
    select id, version, at, 'contacted', branch, owner, owner, source, event, 'track-calls'
    from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
      a (id, version, at, branch, owner, source, event)
    """,
    .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.branch }, .integer { $0.owner },
    .text { $0.source }, .text { $0.event })

  private static let late: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.late) },
    "select tell_contacts($1::bigint[], $2::bigint[], $3::timestamptz[])",
    touchesEach: false,
    .integer { $0.person }, .integer { $0.lead }, .timestamp { $0.at })

  private static let contacts: Write<CallBook, CallChange> = .total(
    { _, changes in
      Dictionary(changes.flatMap(\.contacts).map { ($0.phone, $0.at) }, uniquingKeysWith: max)
        .map { ContactRow(phone: $0.key, at: $0.value) }.sorted { $0.phone < $1.phone }
    },
    """
    insert into call_contact as c (phone, at) select * from unnest($1::bigint[], $2::timestamptz[])
    on conflict (phone) do update set at = excluded.at where c.at < excluded.at
    """,
    touchesEach: false,
    .integer { $0.phone }, .timestamp { $0.at })

  private static let tasks: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.talks) },
    "select do_tasks_by_contact($1::text[], $2::bigint[], array_fill(null::bigint, array[cardinality($1::text[])]), $3::text[], $4::timestamptz[])",
    touchesEach: false,
    .text { $0.subject.kind }, .integer { $0.subject.number }, .text { $0.agent }, .timestamp { $0.at })

  private static let callBacks: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.callBacks).sorted { ($0.call, $0.use) < ($1.call, $1.use) } },
    """
    insert into call_back as b (call_id, phone, missed_at, queue, agent, lead_id, customer_id, wanted, raise_at,
      use)
    select * from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
      $8::boolean[], $9::timestamptz[], $10::int[])
    on conflict (call_id, use) do update set phone = excluded.phone, missed_at = excluded.missed_at, queue = excluded.queue,
      agent = excluded.agent, lead_id = excluded.lead_id, customer_id = excluded.customer_id, wanted = excluded.wanted
    """,
    .text { $0.call }, .integer { $0.phone }, .timestamp { $0.missedAt }, .text { $0.queue }, .text { $0.agent },
    .integer { $0.who.lead }, .integer { $0.who.customers.count == 1 ? $0.who.customers[0] : nil },
    .boolean { $0.isWanted }, .timestamp { $0.raiseAt }, .small { $0.use })

  private static let goneCallBacks: Write<CallBook, CallChange> = .total(
    { _, changes in changes.flatMap(\.gone) },
    """
    delete from call_back b using unnest($1::text[], $2::int[]) a (call, use)
    where b.call_id = a.call and b.use = a.use and b.call_id = any($1)
    """,
    touchesEach: false,
    .text { $0.call }, .small { $0.use })

  private static let figures: Write<CallBook, CallChange> = .total(
    { book, _ in FigureRow.changed(book.figures) },
    """
    insert into call_figure as f (is_agent, name, quarter, offered, answered, abandoned, missed, transferred, answer_time,
      talk_time, hold_time, wrap_up_time, answered_after, abandoned_after, passed_in)
    select is_agent, name, quarter, offered, answered, abandoned, missed, transferred, answer_time, talk_time, hold_time,
      wrap_up_time, answered_after::int[], abandoned_after::int[], passed_in
    from unnest($1::boolean[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
      $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
      $15::bigint[])
      a (is_agent, name, quarter, offered, answered, abandoned, missed, transferred, answer_time, talk_time, hold_time,
      wrap_up_time, answered_after, abandoned_after, passed_in)
    on conflict (is_agent, name, quarter) do update set
      offered = f.offered + excluded.offered, answered = f.answered + excluded.answered,
      abandoned = f.abandoned + excluded.abandoned, missed = f.missed + excluded.missed,
      transferred = f.transferred + excluded.transferred, answer_time = f.answer_time + excluded.answer_time,
      talk_time = f.talk_time + excluded.talk_time, hold_time = f.hold_time + excluded.hold_time,
      wrap_up_time = f.wrap_up_time + excluded.wrap_up_time, passed_in = f.passed_in + excluded.passed_in,
      answered_after = added_counts(f.answered_after, excluded.answered_after),
      abandoned_after = added_counts(f.abandoned_after, excluded.abandoned_after)
    """,
    .boolean { $0.key.isAgent }, .text { $0.key.name }, .integer { $0.key.quarter }, .integer { $0.sums.offered },
    .integer { $0.sums.answered }, .integer { $0.sums.abandoned }, .integer { $0.sums.missed },
    .integer { $0.sums.transferred }, .integer { $0.sums.answerTime }, .integer { $0.sums.talk },
    .integer { $0.sums.hold }, .integer { $0.sums.wrapUp }, .text { FigureRow.literal($0.sums.answeredAfter) },
    .text { FigureRow.literal($0.sums.abandonedAfter) }, .integer { $0.sums.passedIn })
}

extension TaskTalk.Subject {
  fileprivate var kind: String {
    switch self {
    case .customer: "customer"
    case .lead: "lead"
    }
  }

  fileprivate var number: Int64 {
    switch self {
    case .customer(let id), .lead(let id): id
    }
  }
}
