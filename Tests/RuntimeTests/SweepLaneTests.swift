import Contract
import Postgres
import Testing
import Values

@testable import Runtime

@Suite struct SweepLaneTests {
  @Test("due rows are handled once, oldest first, and what they cause is emitted with them")
  func once() async throws {
    try await sweep("insert into due select generate_series(1, 1200)") { scene, lane in
      try scene.session.waitUntil("all") { try scene.done().count == 1200 }
      #expect(try scene.done() == (1...1200).map(Int64.init))
      #expect(try scene.number("select sum(events) from outbox") == 1200)
      #expect(try scene.number("select count(*) from outbox") == 3, "one row for each chunk of 500")
      try lane.awaitReady()
    }
  }

  @Test("a row that the database refuses is put aside and shown, its neighbours go on")
  func bad() async throws {
    try await sweep("insert into due select n, case n when 7 then 'bad' else 'good' end from generate_series(1, 20) n")
    {
      scene, lane in
      try scene.session.waitUntil("the neighbours") { try scene.done().count == 19 }
      #expect(try !scene.done().contains(7))
      #expect(try scene.aside() == ["7 not-storable"])
      #expect(try scene.number("select count(*) from due where id = 7 and not is_done") == 1)
    }
  }

  @Test("a conflict that no fresh load mends is put aside too: it holds nobody up")
  func conflict() async throws {
    try await sweep("insert into due values (1, 'good'), (2, 'taken'), (3, 'good'); insert into taken values (2)") {
      scene, lane in
      try scene.session.waitUntil("the neighbours") { try scene.done() == [1, 3] }
      #expect(try scene.aside() == ["2 not-storable"])
      try lane.awaitReady()
    }
  }

  @Test("where another lane holds the row that is at fault, whichever is claimed in its place is not put aside for it")
  func innocent() async throws {
    try await Scene.play { scene in
      try scene.session.run(
        script: DueSweep.tables + TurningSweep.sequence
          + "insert into millrace.due values (1, 'bad'), (2, 'good'), (3, 'good')")
      _ = try scene.sweep(TurningSweep.self)
      try scene.session.waitUntil("the good ones") { try scene.done().sorted() == [2, 3] }
      try scene.session.waitUntil("the bad one") { try scene.aside() == ["1 not-storable"] }
    }
  }

  @Test("what a sweep rejects is put aside with its reason; what it only looks at stays due")
  func rejected() async throws {
    try await sweep("insert into due values (1, 'reject'), (2, 'look'), (3, 'good')") { scene, _ in
      try scene.session.waitUntil("the good one") { try scene.done() == [3] }
      #expect(try scene.aside() == ["1 unwanted"])
      try scene.session.run(script: "update due set kind = 'good'; delete from set_aside")
      // In either order: a claim that began before this sees that the second is good now, and the first still put aside.
      try scene.session.waitUntil("the others") { try scene.done().sorted() == [1, 2, 3] }
    }
  }

  @Test("a row that somebody holds is skipped and taken when it is free")
  func skipLocked() async throws {
    try await Scene.play { scene in
      try scene.session.run(script: DueSweep.tables + "insert into millrace.due values (1), (2), (3)")
      let holder = try scene.database.connect()
      try holder.run(script: "begin; select from due where id = 1 for update")
      let lane = try scene.sweep(DueSweep.self)
      try scene.session.waitUntil("the free ones") { try scene.done() == [2, 3] }
      try holder.run(script: "commit")
      try scene.session.waitUntil("the held one") { try scene.done() == [2, 3, 1] }
      try lane.awaitReady()
    }
  }

  @Test("a sweep that rests for an hour is seen to be well meanwhile")
  func rests() async throws {
    try await Scene.play { scene in
      let sweep = try scene.sweep(RestingSweep.self)
      try sweep.awaitReady()
      var quiet = sweep.status.sinceBeat
      var beats = 0
      try scene.session.waitUntil("beats") {
        let now = sweep.status.sinceBeat
        if now < quiet { beats += 1 }
        quiet = now
        return beats >= 3
      }
    }
  }

  @Test("two sweeps share the work: no row twice, none left")
  func two() async throws {
    try await Scene.play { scene in
      try scene.session.run(script: DueSweep.tables + "insert into millrace.due select generate_series(1, 3000)")
      let lanes = [try scene.sweep(DueSweep.self), try scene.sweep(DueSweep.self)]
      try scene.session.waitUntil("all") { try scene.number("select count(*) from due where not is_done") == 0 }
      for lane in lanes { lane.end() }
      #expect(try scene.done().sorted() == (1...3000).map(Int64.init))
    }
  }

  @Test("a connection that is lost between claim and commit: nothing is half done, and all is done in the end")
  func lostConnection() async throws {
    try await Scene.play { scene in
      let name = scene.database.name
      try scene.session.run(
        script: DueSweep.tables + "insert into millrace.due values (1, 'good'), (2, 'gate \(name)'), (3, 'good')")
      let lane = try scene.sweep(DueSweep.self)
      try Gate.named(name).awaitArrival()
      _ = try scene.session.rows(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'test-due' and state like 'idle in transaction%'
        """)
      Gate.named(name).open()
      try scene.session.waitUntil("all") { try scene.done() == [1, 2, 3] }
      try lane.awaitReady()
      #expect(try scene.number("select sum(events) from outbox") == 3)
      #expect(try scene.aside() == [])
    }
  }

  @Test("an emission that is larger than its topic takes: nothing is written, and the sweep says so")
  func tooLarge() async throws {
    try await sweep("insert into due values (1, 'shout')") { scene, lane in
      try lane.awaitSentence("stopped: test-due emits 12021 bytes to test.echo, which takes less")
      #expect(try scene.done() == [])
      #expect(try scene.number("select count(*) from outbox") == 0)
    }
  }

  private func sweep(
    _ rows: String, _ body: @escaping @Sendable (Scene, RunningLane) throws -> Void
  ) async throws {
    try await Scene.play { scene in
      try scene.session.run(script: DueSweep.tables + "set search_path to millrace;" + rows)
      try body(scene, try scene.sweep(DueSweep.self))
    }
  }
}

extension Scene {
  fileprivate func done() throws -> [Int64] {
    try session.rows("select id from done order by place").map { $0.integer(0) }
  }

  fileprivate func aside() throws -> [String] {
    try session.rows("select item || ' ' || reason from set_aside order by item").map { $0.text(0) }
  }
}

private enum RestingSweep: Sweep {
  static let name = "test-resting"
  static let pause = Duration.seconds(3600)
  static let writes: [Write<Void, Void>] = []

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Int64] { [] }
  static func label(_ item: Int64) -> String { "\(item)" }
  static func load(_ items: [Int64], _ cache: inout NoCache, _ transaction: Transaction) throws(PostgresError) {}
  static func decide(_ item: Int64, _ state: inout Void, _ now: Timestamp) -> Decision<Void> { .ignore("none") }
}

/// Takes one row at a time, and each time another one first, as where other lanes hold the rest.
private enum TurningSweep: Sweep {
  static let name = "test-due"
  static let pause = Duration.milliseconds(10)
  static let chunk = 1
  static let writes = DueSweep.writes
  static let sequence = "create sequence millrace.turn;"

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [DueSweep.Item] {
    let rows = try transaction.rows(
      """
      with turn as materialized (select nextval('millrace.turn') as n)
      select id, kind from due, turn
      where not is_done and not exists (select from set_aside s where s.sweep = 'test-due' and s.item = due.id::text)
      order by (id + turn.n) % 2, id limit 1
      """)
    return rows.map { DueSweep.Item(id: $0.integer(0), kind: $0.text(1)) }
  }

  static func label(_ item: DueSweep.Item) -> String { DueSweep.label(item) }
  static func load(_ items: [DueSweep.Item], _ cache: inout NoCache, _ transaction: Transaction) throws(PostgresError) {
    try DueSweep.load(items, &cache, transaction)
  }
  static func decide(_ item: DueSweep.Item, _ state: inout Void, _ now: Timestamp) -> Decision<DueSweep.Row> {
    DueSweep.decide(item, &state, now)
  }
}
