import Contract
import Postgres
import TestKit
import Testing

@testable import Runtime

/// What one transaction writes, and in how many goes PostgreSQL is given it.
@Suite struct WritingTests {
  @Test(
    "a few go first, then many at a time; together they are all, each once",
    arguments: [
      (0..<0, []),
      (0..<1, [0..<1]),
      (0..<125, [0..<125]),
      (7..<140, [7..<132, 132..<140]),
      (0..<1_500, [0..<125, 125..<625, 625..<1_125, 1_125..<1_500]),
    ] as [(Range<Int>, [Range<Int>])])
  func stretches(_ range: Range<Int>, into expected: [Range<Int>]) {
    #expect(Array(Stretches(of: range)) == expected)
  }

  @Test(
    "a divisible statement is sent in goes, any other one in one, and every row is written once",
    arguments: [true, false])
  func divisible(_ isDivisible: Bool) async throws {
    try await Self.play { session in
      let writes: [Write<Range<Int64>, Never>] = [
        .total(
          { range, _ in Array(range) }, "insert into number (n) select * from unnest($1::bigint[])",
          isDivisible: isDivisible, .integer { $0 })
      ]
      _ = try session.rows("begin")
      var writing = try Writing(session)
      try writing.send(writes, of: .state, 0..<1_500, [])
      try writing.finish()
      _ = try session.rows("commit")
      // Each go is a command of its own in its transaction.
      let found = try session.rows(
        "select count(*), count(distinct n), min(n), max(n), count(distinct cmin::text) from number")[0]
      #expect((0..<5).map { found.integer($0) } == [1_500, 1_500, 0, 1_499, isDivisible ? 4 : 1])
    }
  }

  @Test("a row that was not touched, in whichever go, is a conflict", arguments: [0, 124, 125, 1_499])
  func untouched(_ missing: Int64) async throws {
    try await Self.play { session in
      try session.run(
        script: "insert into number select n from generate_series(0, 1499) n where n <> \(missing); begin")
      let writes: [Write<Range<Int64>, Never>] = [
        .total(
          { range, _ in Array(range) }, "update number set n = -n from unnest($1::bigint[]) a (m) where n = a.m",
          isDivisible: true, .integer { $0 })
      ]
      var writing = try Writing(session)
      try writing.send(writes, of: .state, 0..<1_500, [])
      do throws(PostgresError) {
        try writing.finish()
        Issue.record("nobody missed the row \(missing)")
      } catch { #expect(error.kind == .conflict) }
    }
  }

  @Test("what is to be done beside PostgreSQL's work is done once, as soon as it has some", arguments: [0, 1, 1_500])
  func busy(_ rows: Int64) async throws {
    try await Self.play { session in
      let done = Done()
      let writes: [Write<Range<Int64>, Never>] = [
        .total(
          { range, _ in Array(range) }, "insert into number (n) select * from unnest($1::bigint[])", .integer { $0 })
      ]
      _ = try session.rows("begin")
      var writing = try Writing(session, whenBusy: { done.times += 1 })
      try writing.push()
      #expect(done.times == 0, "nothing was sent yet")
      try writing.send(writes, of: .state, 0..<rows, [])
      try writing.push()
      #expect(done.times == (rows > 0 ? 1 : 0))
      try writing.finish()
      #expect(done.times == 1)
    }
  }

  private final class Done { var times = 0 }

  private static func play(_ body: @escaping @Sendable (Connection) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        try session.run(script: "create table number (n bigint)")
        try body(session)
      }
    }
  }
}
