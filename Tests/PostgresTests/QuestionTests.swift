import Postgres
import TestKit
import Testing
import Values

/// Several questions in one round trip, and a transaction whose opening is answered with the first of them.
@Suite struct QuestionTests {
  private static func number(_ statement: Statement) -> Question<Int64> {
    Question(statement) { $0[0].integer(0) }
  }

  private static var add: Question<Void> { Question("insert into kept select count(*) from kept") }
  private static var count: Question<Int64> { number("select count(*) from kept") }

  /// A session with an empty table `kept`, and a transaction that was opened and not yet answered.
  private func opened(
    _ body: (Connection, Transaction, _ settled: () -> Int) throws -> Void,
    settling: @escaping () throws(PostgresError) -> Void = {}
  ) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: "create table kept (n bigint)")
      try session.enterPipeline()
      try session.send("begin")
      try session.send("insert into kept values (100)")
      try session.push()
      var settled = 0
      let transaction = Transaction(opening: session) { () throws(PostgresError) in
        settled += 1
        _ = try session.receive()
        _ = try session.receive()
        try settling()
      }
      try body(session, transaction) { settled }
    }
  }

  @Test("questions are asked in their order, each sees what came before, and those that are known are not asked")
  func together() throws {
    try opened { session, transaction, settled in
      let answers = try transaction.ask(Self.count, Self.add, Question(known: "known"), Self.count)
      #expect(answers.0 == 1 && answers.2 == "known" && answers.3 == 2)
      #expect(try transaction.ask(Self.count) == 2)
      #expect(try transaction.rows("select $1::bigint") { $0.integer(7) }[0].integer(0) == 7)
      #expect(settled() == 1)
      _ = try session.rows("commit")
      #expect(try session.rows("select count(*) from kept")[0].integer(0) == 2)
    }
  }

  @Test("the moment of the last answer comes with it, later than what was asked; without one it is asked for")
  func moment() throws {
    let clock: Question<Timestamp> = Question("select clock_timestamp() from pg_sleep(0.002)") { $0[0].timestamp(0) }
    try opened { session, transaction, _ in
      for _ in 0..<2 {
        let (asked, _) = try transaction.ask(clock, Self.add)
        let moment = try transaction.moment()
        #expect(asked < moment)
        let after = try session.rows("select clock_timestamp()")[0].timestamp(0)
        #expect(try moment < after && transaction.moment() == moment, "nothing was asked since")
      }
    }
    try opened { session, transaction, _ in
      try transaction.settle()
      let before = try session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try before < transaction.moment())
    }
  }

  @Test("where nothing has to be asked, nothing is, and what was opened is answered by settling")
  func nothing() throws {
    try opened { session, transaction, settled in
      let calls = { try session.rows("select n from kept").count }
      try transaction.settle()
      try transaction.settle()
      #expect(settled() == 1)
      #expect(try transaction.ask(Question(known: 1), Question(known: 2)) == (1, 2))
      #expect(try calls() == 1)
    }
  }

  @Test("an opening that does not hold stops before the first answer, and the session can be rolled back")
  func refused() throws {
    try opened(
      { session, transaction, _ in
        #expect(throws: PostgresError.self) { try transaction.ask(Self.count, Self.add) }
        _ = try session.rows("rollback")
        #expect(try session.rows("select count(*) from kept")[0].integer(0) == 0)
      }, settling: { () throws(PostgresError) in throw .changedMeanwhile })
  }

  @Test("what was opened can be given up without an answer")
  func discarded() throws {
    try opened { session, transaction, settled in
      transaction.discard()
      #expect(settled() == 0)
      _ = try session.rows("rollback")
      #expect(try session.rows("select count(*) from kept")[0].integer(0) == 0)
    }
  }

  @Test("an error among the questions is thrown, whichever is at fault, and the session goes on after a rollback")
  func error() throws {
    for place in 0..<3 {
      try opened { session, transaction, _ in
        let bad = Self.number("select 1 / (count(*) - count(*)) from kept")
        let error = #expect(throws: PostgresError.self) {
          try transaction.ask(
            place == 0 ? bad : Self.count, place == 1 ? bad : Self.count, place == 2 ? bad : Self.count)
        }
        #expect(error?.sqlState == "22012")
        _ = try session.rows("rollback")
        #expect(try session.rows("select count(*) from kept")[0].integer(0) == 0)
      }
    }
  }

  @Test("an answer that cannot be read leaves the session usable")
  func unreadable() throws {
    try opened { session, transaction, _ in
      let odd: Question<Int> = Question("select 1") { _ throws(PostgresError) in throw .unfit("odd") }
      #expect(throws: PostgresError.self) { try transaction.ask(odd, Self.count) }
      #expect(try transaction.ask(Self.count) == 1)
      _ = try session.rows("commit")
    }
  }

  @Test("a session for lanes uses no other processes, one for reports may")
  func parallel() throws {
    try TestDatabase.with { database in
      for (parallel, wanted) in [(false, true), (true, false)] {
        var limits = TestDatabase.limits
        limits.parallel = parallel
        let session = try database.connect(as: "q", limits: limits)
        let setting = try session.rows("select current_setting('max_parallel_workers_per_gather')")[0].text(0)
        #expect((setting == "0") == wanted, "\(setting)")
      }
    }
  }
}
