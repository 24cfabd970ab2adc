internal import Postgres
internal import Printing

/// `dead-letters replay` and `discard`.
///
/// A replay goes through the outbox, not past it: the letter's change of state and its outbox row commit together, and
/// the relay publishes what the outbox holds exactly once, with the event's own key, value and headers and therefore its
/// own id. Publishing from here would have to do two things in some order: first Kafka, and a command that dies before
/// the database knows sends it twice; first the database, and it is lost. A topic that only the relay writes admits
/// nothing else anyway, because its readers drop what carries no run number above the last.
///
/// Nothing is applied twice by a replay: a dead letter's identity is not among the seen ones, for it took no effect;
/// replayed twice by hand, the second one is known by source and id as any repeat.
enum DeadLetterSettling {
  static let replay = Command(
    name: "dead-letters replay", summary: "put events back into the topic that they came from", operands: "[ID...]",
    operandCount: 0...10_000,
    options: DeadLetterFilter.options + [
      CommandOption("--all", nil, "all open ones: needed where neither an ID nor a filter is given"),
      CommandOption("--max", "N", "leave out what was replayed so often already (default 3)"), .execute, .json,
    ],
    details: """
      Each event keeps its key, value, headers and id. The header millrace_replays counts, and travels with it. The
      relay publishes them: while it does not run, they wait in the outbox. What is replayed and dies again is a new
      dead letter. Mend the cause first.
      """,
    examples: [
      ("millrace dead-letters replay --reason unknown-type --since 1d", "see what would be replayed"),
      ("millrace dead-letters replay 17 18 --execute", "replay two"),
    ],
    run: runReplay)

  static let discard = Command(
    name: "dead-letters discard", summary: "close dead letters that nobody will replay", operands: "[ID...]",
    operandCount: 0...10_000,
    options: DeadLetterFilter.options + [
      CommandOption("--all", nil, "all open ones: needed where neither an ID nor a filter is given"), .execute, .json,
    ],
    details: "They stay in the table as `discarded`, with who did it.",
    examples: [
      ("millrace dead-letters discard --worker allocate-leads --reason not-json", "see what would be discarded"),
      ("millrace dead-letters discard 17 --execute", "discard one"),
    ],
    run: runDiscard)

  private static func runReplay(_ invocation: Invocation) throws -> Exit {
    let most = try invocation.integer("--max", 1...1000) ?? 3
    return try settle(invocation, "replayed") { letter in
      if letter.replays >= most { return "was replayed \(letter.replays) times already: raise --max" }
      if letter.reason == "identity-reused" { return "its id belongs to another event: it would be refused again" }
      return nil
    } _: { letters, session in
      _ = try session.rows(
        """
        update dead_letter d
        set replays = a.replays, header_names = h.names || 'millrace_replays'::text,
          header_values = h.contents || convert_to(a.replays::text, 'UTF8')
        from unnest($1::bigint[], $2::int[]) a (id, replays)
        join dead_letter o on o.id = a.id
        cross join lateral (
          select coalesce(array_agg(u.n order by u.i), '{}') names, coalesce(array_agg(u.v order by u.i), '{}') contents
          from unnest(o.header_names, o.header_values) with ordinality u (n, v, i)
          where u.n not in ('millrace_replays', 'millrace_run', 'millrace_index')) h
        where d.id = a.id
        """
      ) {
        $0.integers(letters) { $0.id }
        $0.smalls(letters) { Int32($0.replays + 1) }
      }
      // Rows of a hundred letters: what one run of the relay reads stays small.
      _ = try session.rows(
        """
        insert into outbox (topic, source, dead_letters)
        select topic, '/millrace/operator', array_agg(id order by id)
        from (select id, topic, (row_number() over (partition by topic order by id) - 1) / 100 chunk
          from dead_letter where id = any($1)) d
        group by topic, chunk order by min(id)
        """
      ) { $0.integers(letters) { $0.id } }
    }
  }

  private static func runDiscard(_ invocation: Invocation) throws -> Exit {
    try settle(invocation, "discarded") { _ in
      nil
    } _: { _, _ in
    }
  }

  private static func settle(
    _ invocation: Invocation, _ state: String, _ excluding: (DeadLetter) -> String?,
    _ act: (_ letters: [DeadLetter], _ session: Connection) throws -> Void
  ) throws -> Exit {
    let filter = try DeadLetterFilter(invocation, state: "open")
    guard !filter.isOpen || invocation.flag("--all") else {
      throw Failure.usage("say which: IDs, a filter such as --reason, or --all.")
    }
    let session = try invocation.database()
    let found = try filter.find(session)
    if let missing = filter.ids.first(where: { id in !found.contains { $0.id == id } }) {
      throw Failure.no("there is no open dead letter \(missing). Nothing was done.")
    }
    let meant = found.filter { excluding($0) == nil }
    if invocation.isExecuting, !meant.isEmpty {
      try session.transaction {
        let closed = try session.rows(
          """
          with locked as materialized (
            select id from dead_letter where id = any($1) and state = 'open' order by id for update)
          update dead_letter d set state = $2, settled_at = clock_timestamp(), settled_by = session_user
          from locked where d.id = locked.id
          """
        ) {
          $0.integers(meant) { $0.id }
          $0.text(state)
        }
        guard closed.affected == meant.count else {
          throw Failure.no("somebody else settled some of these meanwhile. Nothing was done; look again.")
        }
        try act(meant, session)
        try OperatorAction.record(
          invocation, "\(state): \(meant.map { String($0.id) }.joined(separator: " "))", session)
      }
    }
    show(found, excluding, state, invocation)
    if found.count == filter.limit {
      invocation.output.note("There may be more: --limit \(filter.limit) was reached.")
    }
    return .done
  }

  private static func show(
    _ found: [DeadLetter], _ excluding: (DeadLetter) -> String?, _ state: String, _ invocation: Invocation
  ) {
    var table = Table(
      .right("id"), .left("worker"), .left("place"), .left("reason"), .left("eventId"), .right("replays"),
      .left("outcome"), .left("because"))
    for letter in found {
      let why = excluding(letter)
      let outcome = why != nil ? "left out" : invocation.isExecuting ? state : "would be \(state)"
      table.add(
        .number(letter.id), .text(letter.worker), .text(letter.place), .text(letter.reason),
        .text(optional: letter.event), .number(Int64(letter.replays)), .text(outcome), .text(optional: why))
    }
    invocation.output.show(table, nothing: "No open dead letter matches.")
    let count = found.filter { excluding($0) == nil }.count
    guard count > 0 else { return }
    if !invocation.isExecuting {
      invocation.output.note("Nothing was done. To do it to these \(count), add --execute.")
    } else if state == "replayed" {
      invocation.output.note("\(count) are in the outbox; relay-events publishes them.")
    }
  }
}
