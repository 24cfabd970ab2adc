internal import Calls
internal import Postgres
internal import Printing
internal import Values

/// `calls verify`: concludes every call anew from what is known of it, and adds the figures up again.
enum CallsVerify {
  static let command = Command(
    name: "calls verify", summary: "compare calls and figures with what the calls' own facts come to",
    options: [.json],
    details: """
      Reads all calls in one snapshot, a part at a time. Whatever differs is told: a call by its id, a figure by its queue or
      agent and quarter of an hour, an agent in two calls by both. There should be nothing.
      """,
    examples: [("millrace calls verify", "make sure")], run: run)

  private static let mostShown = 100
  private static let page: Int64 = 2000

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    _ = try session.rows("begin isolation level repeatable read read only")
    var table = Table(.left("what"), .left("which"), .left("stored"), .left("recomputed"))
    var differences = 0
    func differ(_ what: String, _ which: String, _ stored: String, _ recomputed: String) {
      differences += 1
      if differences <= mostShown { table.add(.text(what), .text(which), .text(stored), .text(recomputed)) }
    }
    let waiting = try CallOverlaps.waiting(session)
    let isCompared = waiting == 0
    var figures = CallFigures()
    var last = ""
    var calls = 0
    while true {
      let rows = try session.rows(pageOfCalls) {
        $0.text(last)
        $0.integer(page)
      }
      guard let end = rows.last else { break }
      for (id, uses) in Dictionary(grouping: rows, by: { $0.text(0) }).sorted(by: { $0.key < $1.key }) {
        calls += uses.count
        let stored = Dictionary(uses.map { (key(id, $0.integer(3)), $0.text(2)) }, uniquingKeysWith: { a, _ in a })
        var talked = Dictionary(
          uses.map { (key(id, $0.integer(3)), $0.optionalText(4) ?? "") }, uniquingKeysWith: { a, _ in a })
        let parts = uses.map { CallFacts(text: $0.text(1)) }
        var recomputed: [String: String] = [:]
        if parts.contains(nil) {
          for use in stored.keys { recomputed[use] = "unreadable" }
        } else {
          let facts = CallFacts(joining: parts.compactMap { $0 })
          figures.add(CallStory.stories(of: facts))
          for use in CallUse.uses(of: facts) {
            let name = key(id, Int64(use.number))
            recomputed[name] = line(use.story)
            let talk = CallOverlaps.line(use.story)
            if isCompared, let stored = talked.removeValue(forKey: name), stored != talk {
              differ("talk", name, stored, talk)
            }
          }
        }
        for use in Set(stored.keys).union(recomputed.keys).sorted() where stored[use] != recomputed[use] {
          differ("call", use, stored[use] ?? "nothing", recomputed[use] ?? "nothing")
        }
      }
      last = end.text(0)
    }
    var stored = CallFigures.stored()
    for row in try session.rows(allFigures) { stored.add(row) }
    for key in Set(stored.lines.keys).union(figures.lines.keys).sorted() where stored.lines[key] != figures.lines[key] {
      let at = Timestamp(microseconds: key.quarter * 900_000_000).rfc3339.prefix(16)
      differ(
        key.isAgent ? "agent" : "queue", "\(key.name) \(at)Z", stored.lines[key] ?? "nothing",
        figures.lines[key] ?? "nothing")
    }
    if isCompared {
      for row in try session.rows(CallOverlaps.differences) {
        differ("agent in two calls", row.text(0), row.text(1), row.text(2))
      }
    } else {
      invocation.output.note("\(waiting) calls have still to be compared with agents' other calls; that is left out.")
    }
    _ = try session.rows("commit")
    invocation.output.show(table, nothing: "\(calls) calls and their figures are what their facts come to.")
    if differences > mostShown { invocation.output.note("\(differences) differ; the first \(mostShown) are shown.") }
    return differences == 0 ? .done : .no
  }

  /// What is concluded, as text, as `line` writes it. All uses of an id together.
  static let pageOfCalls: Statement = """
    select id, facts, concat_ws(' ', coalesce(direction, '-'), coalesce(outcome, '-'), ring_ms, wait_ms, talk_ms, hold_ms,
      wrap_up_ms, transfers, coalesce((extract(epoch from queue_at) * 1000000)::bigint::text, '-'),
      coalesce(nullif(array_to_string(array_remove(flags, 'agent-in-two-calls'), ','), ''), '-')), use,
      (select string_agg(concat_ws(' ', t.agent, (extract(epoch from t.since) * 1000000)::bigint,
          (extract(epoch from t.until) * 1000000)::bigint), ', ' order by t.since, t.agent collate "C")
        from call_talk t where t.call_id = s.id and t.use = s.use)
    from call_seen s
    where id > $1 and id <= (select max(p.id) from (select c.id from call_seen c where c.id > $1 order by c.id limit $2) p)
    order by id, use
    """

  /// A call, and which use of its id where that is not the first.
  private static func key(_ id: String, _ use: Int64) -> String { use == 1 ? id : "\(id)#\(use)" }

  static let allFigures: Statement = """
    select is_agent, name, quarter, concat_ws(' ', offered, passed_in, answered, abandoned, missed, transferred, answer_time, talk_time,
      hold_time, wrap_up_time), array_to_string(answered_after, ','), array_to_string(abandoned_after, ',')
    from call_figure
    """

  private static func line(_ story: CallStory) -> String {
    let times = [story.ring, story.wait, story.talk, story.hold, story.wrapUp].map { String($0 / 1000) }
    let words = ["no-start", "two-ends", "negative-duration", "id-reused", "closed-by-rule", "no-direction", "apart"]
    let flags = words.indices.filter { story.flags.rawValue & (1 << Int32($0)) != 0 }.map { words[$0] }
    return
      ([story.direction?.rawValue ?? "-", story.outcome?.rawValue ?? "-"] + times + [
        String(story.transfers), story.stays.first.map { String($0.from.microseconds) } ?? "-",
        flags.isEmpty ? "-" : flags.joined(separator: ","),
      ]).joined(separator: " ")
  }
}

/// Figures as the table has them, in the words in which recomputed ones are told.
private struct StoredFigures {
  var lines: [CallFigures.Key: String] = [:]

  mutating func add(_ row: Row) {
    let counts = [row.text(4), row.text(5)].map { text -> String in
      text.isEmpty ? "-" : text
    }
    let line = ([row.text(3)] + counts).joined(separator: " ")
    guard line != "0 0 0 0 0 0 0 0 0 0 - -" else { return }
    lines[CallFigures.Key(isAgent: row.boolean(0), name: row.text(1), quarter: row.integer(2))] = line
  }
}

extension CallFigures {
  fileprivate static func stored() -> StoredFigures { StoredFigures() }

  fileprivate var lines: [Key: String] {
    sums.filter { !$0.value.isNothing }.mapValues { sums in
      let counts = [sums.answeredAfter, sums.abandonedAfter].map { counts -> String in
        guard let last = counts.keys.max() else { return "-" }
        return (1...last).map { String(counts[$0] ?? 0) }.joined(separator: ",")
      }
      let numbers = [
        sums.offered, sums.passedIn, sums.answered, sums.abandoned, sums.missed, sums.transferred, sums.answerTime,
        sums.talk,
        sums.hold,
        sums.wrapUp,
      ].map { String($0) }
      return (numbers + counts).joined(separator: " ")
    }
  }
}
