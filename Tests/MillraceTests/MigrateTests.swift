import Migrations
import TestKit
import Testing

@testable import millrace

@Suite struct MigrateTests {
  @Test("an empty database is told apart, migrated step by step, and then left alone")
  func steps() throws {
    try TestDatabase.withEmpty { database in
      let before = CommandRun("migrate", "--check", on: database)
      #expect(before.exit == .no && before.rows.map { $0[2] } == Migration.all.map { _ in "missing" })
      let other = CommandRun("lanes", "list", on: database)
      #expect(other.exit == .no && other.err.contains("run `millrace migrate`"), "\(other.err)")
      let run = CommandRun("migrate", on: database)
      #expect(run.exit == .done)
      #expect(
        run.out.contains("applied 1 runtime\n")
          && run.out.contains("at migration \(Migration.all[Migration.all.count - 1].version)."))
      let again = CommandRun("migrate", "--json", on: database)
      #expect(again.exit == .done && again.out.contains("\"state\":\"applied\"") && !again.out.contains("applied now"))
      #expect(CommandRun("migrate", "--check", on: database).exit == .done)
      #expect(CommandRun("lanes", "list", on: database).exit == .done)
    }
  }

  @Test("a schema of another name is migrated and used")
  func schema() throws {
    try TestDatabase.withEmpty { database in
      let schema = ["DATABASE_SCHEMA": "crm"]
      #expect(CommandRun("migrate", on: database, more: schema).exit == .done)
      #expect(CommandRun("lag", "--times", "1", on: database, kafka: "127.0.0.1:1", more: schema).exit == .done)
      #expect(CommandRun("lanes", "list", on: database).exit == .no)
    }
  }

  @Test("a role that is not there is one sentence with the way on")
  func role() throws {
    try TestDatabase.with { database in
      let run = CommandRun("lanes", "list", on: database, more: ["DATABASE_ROLE": "millrace_nobody"])
      #expect(run.exit == .no && run.err.contains("DATABASE_ROLE=none keeps the login's own rights"))
      #expect(CommandRun("lanes", "list", on: database, more: ["DATABASE_ROLE": "none"]).exit == .done)
      #expect(CommandRun("lanes", "list", on: database, more: ["DATABASE_ROLE": "millrace_relay_events"]).exit == .done)
      #expect(CommandRun("leads", "held", on: database, more: ["DATABASE_ROLE": "millrace_relay_events"]).exit == .no)
    }
  }
}
