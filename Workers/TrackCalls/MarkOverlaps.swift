import Calls
import Contract
import Postgres
import Values

/// Finds agents who talked in two calls at once, and keeps that with both calls: their rows say `agent-in-two-calls`.
///
/// What is kept is a function of the calls as they are committed, for one turn at a time takes what has changed and compares it
/// with all that is there; whatever is told of a call later brings it here again. Calls that are linked are one conversation,
/// and whoever holds one caller may talk to another.
enum MarkOverlaps: Sweep {
  static let name = "mark-overlaps"
  static var pause: Duration { .seconds(5) }
  /// Each item has the calls of a batch.
  static var chunk: Int { 10 }

  struct Due: Sendable {
    let id: Int64
    let calls: [UseKey]
  }

  struct Change: Sendable {
    let due: Int64
    let calls: [UseKey]
    let talks: [TalkRow]
  }

  struct TalkRow: Sendable {
    let call: UseKey
    let agent: String
    let since: Timestamp
    let until: Timestamp
  }

  /// After a minute: a call's other events are on their way, and each would have it compared again.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Due] {
    let rows = try transaction.rows(
      """
      with turn as (select from call_talk_turn for update skip locked)
      select d.id, d.calls, array(select u::bigint from unnest(d.uses) u)
      from call_talk_due d cross join turn
      where d.at <= clock_timestamp() - interval '1 minute'
        and not exists (select from set_aside s where s.sweep = 'mark-overlaps' and s.item = d.id::text)
      order by d.id limit $1
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map { row in
      Due(
        id: row.integer(0), calls: zip(row.texts(1), row.integers(2)).map { UseKey(call: $0, use: Int32($1)) })
    }
  }

  static func label(_ due: Due) -> String { String(due.id) }

  static func load(_ items: [Due], _ cache: inout NoCache, _ transaction: Transaction) throws(PostgresError) -> State {
    try load(items, transaction)
  }

  static func load(_ items: [Due], _ transaction: Transaction) throws(PostgresError) -> State {
    let ids = Set(items.flatMap { $0.calls.map(\.call) })
    let (calls, _) = try Statements.calls(ids.sorted(), transaction)
    return State(uses: calls.mapValues { CallUse.uses(of: $0.facts) })
  }

  static func decide(_ item: Due, _ state: inout State, _ now: Timestamp) -> Decision<Change> {
    // Several items may have the same call; one of them compares it.
    let calls = Set(item.calls).subtracting(state.taken)
    state.taken.formUnion(calls)
    let talks = calls.flatMap { call -> [TalkRow] in
      guard let use = state.uses[call.call]?.first(where: { $0.number == call.use }) else { return [] }
      return use.story.talkTimes.map { TalkRow(call: call, agent: $0.agent, since: $0.from, until: $0.until) }
    }
    return .apply(Change(due: item.id, calls: Array(calls), talks: talks), outcome: "compared")
  }

  static let writes: [Write<State, Change>] = [
    .total(
      { _, changes in changes.flatMap(\.calls) },
      """
      with changed as (select * from unnest($1::text[], $2::int[]) c (call, use)),
      forgotten as (delete from call_talk t using changed c where t.call_id = c.call and t.use = c.use),
      parted as (delete from call_overlap o using changed c where o.other_id = c.call and o.other_use = c.use)
      delete from call_overlap o using changed c where o.call_id = c.call and o.use = c.use
      """,
      touchesEach: false, .text { $0.call }, .small { $0.use }),
    .total(
      { _, changes in changes.flatMap(\.talks) },
      """
      insert into call_talk (call_id, use, agent, since, until)
      select * from unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[])
      """,
      .text { $0.call.call }, .small { $0.call.use }, .text { $0.agent }, .timestamp { $0.since },
      .timestamp { $0.until }),
    // Clocks that have only seconds make two calls that follow each other overlap by one.
    .total(
      { _, changes in changes.flatMap(\.calls) },
      """
      insert into call_overlap (call_id, use, other_id, other_use, agent, since, until)
      select p.* from unnest($1::text[], $2::int[]) c (call, use)
      join call_talk a on a.call_id = c.call and a.use = c.use
      join call_talk b on b.agent = a.agent and b.since < a.until and b.since > a.since - interval '12 hours'
        and b.until > a.since and (b.call_id, b.use) <> (a.call_id, a.use)
        and least(a.until, b.until) - greatest(a.since, b.since) > interval '1 second'
      join call x on x.id = a.call_id and x.use = a.use
      join call y on y.id = b.call_id and y.use = b.use
      cross join lateral (values
        (x.id, x.use, y.id, y.use, a.agent, greatest(a.since, b.since), least(a.until, b.until)),
        (y.id, y.use, x.id, x.use, a.agent, greatest(a.since, b.since), least(a.until, b.until))) p
      where x.linked is distinct from y.id and y.linked is distinct from x.id
        and (x.linked is null or x.linked is distinct from y.linked)
      on conflict do nothing
      """,
      touchesEach: false, .text { $0.call }, .small { $0.use }),
    .each(
      { $0 }, "delete from call_talk_due where id = any($1)",
      .integer { $0.due }),
  ]

  static let measures = [
    Measure(
      "calls_to_compare", "Calls that agents' other calls have still to be compared with.",
      "select coalesce(sum(cardinality(calls)), 0)::float8 from call_talk_due")
  ]

  struct State {
    let uses: [String: [CallUse]]
    var taken: Set<UseKey> = []
  }
}
