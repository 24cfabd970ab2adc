import Glibc
import Postgres
import TestKit
import Testing

/// What a session does when something goes wrong.
@Suite struct SessionTests {
  @Test("an error leaves the session usable, and tells state and constraint but no data")
  func errors() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: "create table once (phone bigint constraint only_once unique, n int check (n > 0))")
      let insert: Statement = "insert into once values ($1, $2)"
      func add(_ n: Int32) throws(PostgresError) {
        _ = try session.rows(insert) {
          $0.integer(8_613_800_138_000)
          $0.small(n)
        }
      }
      try add(1)
      for _ in 0..<3 {
        let twice = #expect(throws: PostgresError.self) { try add(1) }
        #expect(twice?.kind == .conflict && twice?.sqlState == "23505")
        #expect(twice?.description.contains("only_once") == true)
        #expect(twice?.description.contains("13800138") == false)
        let wrong = #expect(throws: PostgresError.self) { try add(0) }
        #expect(wrong?.kind == .data)
        #expect(try session.rows("select count(*) from once")[0].integer(0) == 1)
      }
    }
  }

  @Test("a statement that does not parse is an error each time it is tried, and none of its neighbours'")
  func unparsable() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let wrong: Statement = "select nothing from nowhere"
      for _ in 0..<2 {
        let error = #expect(throws: PostgresError.self) { try session.rows(wrong) }
        #expect(error?.kind == .setup && error?.sqlState == "42P01")
        #expect(try session.rows("select 1")[0].integer(0) == 1)
      }
      // It can be prepared later, once there is what it needs.
      try session.run(script: "create table nowhere (nothing int)")
      #expect(try session.rows(wrong).count == 0)
    }
  }

  @Test("many statements make one round trip, answered in their order")
  func pipeline() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let number: Statement = "select $1::bigint * 2"
      try session.enterPipeline()
      for n in 0..<500 {
        var arguments = Arguments()
        arguments.integer(Int64(n))
        try session.send(number, arguments)
      }
      try session.finishSending()
      for n in 0..<500 { #expect(try session.receive()[0].integer(0) == Int64(n * 2)) }
      try session.leavePipeline()
      #expect(try session.rows("select 1").count == 1)
    }
  }

  @Test("an error in the middle of a pipeline aborts its transaction and leaves the session usable")
  func pipelineError() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: "create table kept (n int)")
      for _ in 0..<2 {
        try session.enterPipeline()
        try session.send("begin")
        try session.send("insert into kept values (1)")
        try session.send("select 1 / (select count(*) from kept where n = 2)")
        try session.send("select 'never sent before'")
        try session.finishSending()
        _ = try session.receive()
        #expect(try session.receive().affected == 1)
        let error = #expect(throws: PostgresError.self) { try session.receive() }
        #expect(error?.sqlState == "22012" && error?.kind == .data)
        let aborted = #expect(throws: PostgresError.self) { try session.rows("select 2") }
        #expect(aborted?.sqlState == "25P02")
        try session.run(script: "rollback")
      }
      #expect(try session.rows("select count(*) from kept")[0].integer(0) == 0)
      #expect(try session.rows("select 'never sent before'").count == 1)
    }
  }

  @Test("batches far larger than any socket's buffer pass in both directions at once")
  func large() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let text = String(repeating: "水", count: 100_000)
      let echo: Statement = "select u from unnest($1::text[]) u"
      let lines = Array(0..<20)
      try session.enterPipeline()
      for _ in 0..<8 {
        var arguments = Arguments()
        arguments.texts(lines) { _ in text }
        try session.send(echo, arguments)
      }
      try session.finishSending()
      for _ in 0..<8 {
        let rows = try session.receive()
        #expect(rows.count == 20 && rows[19].text(0) == text)
      }
      try session.leavePipeline()
    }
  }

  @Test("other work is done while PostgreSQL works, and the answer is there afterwards")
  func meanwhile() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      var calls = 0
      try session.enterPipeline()
      try session.send("select pg_sleep(0.05)::text")
      try session.send("select 7")
      try session.finishSending {
        calls += 1
        return calls < 1000
      }
      #expect(calls == 1000)
      _ = try session.receive()
      #expect(try session.receive()[0].integer(0) == 7)
      try session.leavePipeline()
    }
  }

  @Test("more arguments than PostgreSQL takes are an error on our side, and the session goes on")
  func tooMany() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.enterPipeline()
      try session.send("select 'before'")
      var arguments = Arguments()
      for n in 0..<70_000 { arguments.integer(Int64(n)) }
      let error = #expect(throws: PostgresError.self) { try session.send("select 'too many'", arguments) }
      #expect(error?.message.contains("number of parameters") == true)
      #expect(try session.rows("select 'after'").count == 1)
    }
  }

  @Test("a session that the server ends is a passing error, at once and afterwards")
  func ended() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let pid = try session.rows("select pg_backend_pid()")[0].integer(0)
      _ = try database.connect().rows("select pg_terminate_backend($1::int, 5000)") { $0.small(Int32(pid)) }
      let first = #expect(throws: PostgresError.self) { try session.rows("select 1") }
      #expect(first?.isTransient == true)
      #expect(!session.isOpen)
      let second = #expect(throws: PostgresError.self) { try session.rows("select 1") }
      #expect(second?.isTransient == true)
      #expect(throws: PostgresError.self) { try session.run(script: "select 1") }
    }
  }

  @Test("a session that is ended in the middle of a pipeline is a passing error")
  func endedInPipeline() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.enterPipeline()
      try session.send("select 1")
      try session.send("select pg_terminate_backend(pg_backend_pid())")
      try session.send("select 2")
      try session.finishSending()
      let error = #expect(throws: PostgresError.self) {
        for _ in 0..<3 { _ = try session.receive() }
      }
      #expect(error?.isTransient == true)
    }
  }

  @Test("a statement, a wait for a lock and an idle transaction last no longer than the session's limits")
  func limits() throws {
    try TestDatabase.with { database in
      try database.connect().run(script: "create table millrace.locked (n int)")
      let holder = try database.connect()
      try holder.run(script: "begin; lock table locked")
      let session = try database.connect(
        limits: SessionLimits(
          idleInTransaction: .milliseconds(200), statement: .milliseconds(300), lock: .milliseconds(100)))
      let slow = #expect(throws: PostgresError.self) { try session.rows("select pg_sleep(20)::text") }
      #expect(slow?.sqlState == "57014" && slow?.isTransient == true)
      let waiting = #expect(throws: PostgresError.self) { try session.rows("select * from locked") }
      #expect(waiting?.sqlState == "55P03" && waiting?.isTransient == true)
      try session.run(script: "begin")
      // The server's own clock ends the wait: the session is gone from its list.
      _ = try holder.rows(
        """
        do $$ begin
          for i in 1..500 loop
            exit when not exists (select from pg_stat_activity where datname = current_database()
              and application_name = 'test' and state = 'idle in transaction' and pid <> pg_backend_pid());
            perform pg_sleep(0.02); perform pg_stat_clear_snapshot();
          end loop; end $$
        """)
      let idle = #expect(throws: PostgresError.self) { try session.rows("select 1") }
      #expect(idle?.sqlState == "25P03" && idle?.isTransient == true)
    }
  }

  @Test("the connection string says more than our defaults, and nothing there is a passing error")
  func connecting() throws {
    let refused = #expect(throws: PostgresError.self) {
      try Connection("host=127.0.0.1 port=1 dbname=x", name: "test", limits: TestDatabase.limits)
    }
    #expect(refused?.isTransient == true)
    try TestDatabase.with { database in
      let session = try Connection(
        database.conninfo + " application_name=other", name: "test", limits: TestDatabase.limits)
      #expect(try session.rows("select current_setting('application_name')")[0].text(0) == "other")
      let nowhere = #expect(throws: PostgresError.self) {
        try Connection("dbname=millrace_not_there", name: "test", limits: TestDatabase.limits)
      }
      #expect(nowhere?.kind == .setup)
    }
  }

  @Test("a role that is not there, or not granted, is one sentence that names it")
  func roles() throws {
    try TestDatabase.with { database in
      var limits = TestDatabase.limits
      limits.role = "millrace_nobody"
      let error = #expect(throws: PostgresError.self) { try database.connect(limits: limits) }
      #expect(error?.kind == .setup)
      #expect(error?.message.contains("the role millrace_nobody is made by `millrace migrate`") == true)
      limits.role = "millrace_operator"
      let session = try database.connect(limits: limits)
      let row = try session.rows("select current_user::text, session_user::text, current_schema()::text")[0]
      #expect(row.text(0) == "millrace_operator" && row.text(1) != "millrace_operator" && row.text(2) == "millrace")
    }
  }

  @Test("what is asked with the opening is asked by the role, and its error is told as what it is")
  func asked() throws {
    try TestDatabase.with { database in
      var limits = TestDatabase.limits
      limits.role = "millrace_operator"
      let who: Question<String> = Question("select current_user || ' ' || current_setting('TimeZone')") {
        $0[0].text(0)
      }
      let opened = try Connection.open(database.conninfo, name: "test", limits: limits, asking: who)
      #expect(opened.answer == "millrace_operator UTC")
      #expect(
        try opened.session.ask(who, Question(known: 7), who) == ("millrace_operator UTC", 7, "millrace_operator UTC"))
      let denied = #expect(throws: PostgresError.self) {
        try Connection.open(
          database.conninfo, name: "test", limits: limits,
          asking: Question<Void>("update lead set id = 1", reading: { _ in }))
      }
      #expect(denied?.sqlState == "42501" && denied?.message.contains("permission denied for table lead") == true)
      #expect(denied?.message.contains("is made by") == false)
    }
  }

  @Test("a session that somebody else has used is told apart, as a pooler in transaction mode would make it")
  func pooler() throws {
    try TestDatabase.with { database in
      #expect(try database.connect().keepsItsSession(beside: try database.connect()))
      let session = try database.connect()
      // The next statement's name: what another client of a pooler would have left there.
      try session.run(script: "prepare s2 as select 1")
      let error = #expect(throws: PostgresError.self) { try session.rows("select 2") }
      #expect(error?.kind == .setup && error?.message.contains("a pooler in transaction mode") == true)
    }
  }
}
