import Glibc
import Migrations
import Postgres
import TestKit
import Testing

@Suite struct MigrationsTests {
  @Test("every file of ops/migrations is inside the program, in order")
  func embedded() throws {
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let files = try listing("/\(here)/ops/migrations").filter { $0.hasSuffix(".sql") }.sorted()
    #expect(files == Migration.all.map { "000\($0.version)_\($0.name).sql".suffix($0.name.count + 9).description })
    #expect(Set(Migration.all.map(\.version)).count == files.count)
    for (file, step) in zip(files, Migration.all) {
      #expect(try text("/\(here)/ops/migrations/\(file)") == step.sql)
    }
  }

  @Test("an empty database gets every step once, and a second run nothing")
  func once() throws {
    try TestDatabase.withEmpty { database in
      let session = try database.connect()
      #expect(try Migrations.state(session).missing == Migration.all)
      #expect(
        sentence { _ = try open(database) }
          == "the database is at migration 0, this program needs \(Migration.all.count): run `millrace migrate`")
      #expect(try Migrations.apply(session, schema: "millrace") == Migration.all)
      #expect(try Migrations.apply(session, schema: "millrace") == [])
      try Migrations.check(session)
      #expect(try open(database).rows("select count(*) from lead")[0].integer(0) == 0)
    }
  }

  @Test("a schema of another name, quotes and all, is made and used")
  func otherSchema() throws {
    try TestDatabase.withEmpty { database in
      var limits = TestDatabase.limits
      limits.schema = "Ödd \"one\""
      let session = try database.connect(limits: limits)
      try Migrations.apply(session, schema: limits.schema)
      try Migrations.check(session)
      let schemas = try session.rows("select distinct schemaname::text from pg_tables where tablename = 'lead'")
      #expect(schemas.map { $0.text(0) } == [limits.schema])
    }
  }

  @Test("programs that migrate one database at once apply each step once")
  func atOnce() throws {
    try TestDatabase.withEmpty { database in
      let results = try together(4) { _ in
        try Migrations.apply(database.connect(), schema: "millrace").count
      }
      #expect(results.reduce(0, +) == Migration.all.count)
    }
  }

  @Test("databases of one cluster that are migrated at once do not trip over their common roles")
  func rolesAtOnce() throws {
    try TestDatabase.withEmpty { first in
      try TestDatabase.withEmpty { second in
        let session = try first.connect()
        let role = "millrace_probe_\(getpid())"
        // The same statements, for a role that is not there yet.
        let script = try #require(Migration.all.first { $0.name == "roles" }).sql
        let block = script.prefix(upTo: try #require(script.firstRange(of: "-- Every start")).lowerBound)
          .replacing("array['millrace_allocate_leads'", with: "array['\(role)', 'millrace_allocate_leads'")
        _ = try together(6) { number in
          let session = try (number % 2 == 0 ? first : second).connect()
          try session.run(script: "create schema if not exists s\(number); set search_path = s\(number)")
          try session.run(script: String(block))
          return 0
        }
        #expect(try session.rows("select to_regrole($1) is not null") { $0.text(role) }[0].boolean(0))
        try session.run(script: "drop role \(role)")
      }
    }
  }

  @Test("a step that fails leaves nothing of itself and says so")
  func failing() throws {
    try TestDatabase.withEmpty { database in
      let session = try database.connect()
      let steps = [
        Migration(version: 1, name: "good", sql: "create table good (n int)"),
        Migration(version: 2, name: "bad", sql: "create table bad (n int); select nothing"),
      ]
      let error = #expect(throws: MigrationError.self) {
        try Migrations.apply(session, schema: "millrace", steps: steps)
      }
      #expect(error?.description.hasPrefix("migration 2 (bad) failed and left nothing: PostgreSQL 42703") == true)
      #expect(try session.rows("select to_regclass('bad') is null, to_regclass('good') is not null")[0].boolean(0))
      #expect(try Migrations.state(session, expecting: steps).version == 1)
    }
  }

  @Test("a start on an older, newer, changed or torn schema is refused with one sentence")
  func refused() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let last = try #require(Migration.all.last)
      let more = Migration.all + [Migration(version: last.version + 1, name: "next", sql: "select 1")]
      #expect(
        sentence { try Migrations.check(session, expecting: more) }
          == "the database is at migration \(last.version), this program needs \(last.version + 1): "
          + "run `millrace migrate`")
      #expect(
        sentence { try Migrations.check(session, expecting: Array(Migration.all.prefix(2))) }?
          .hasPrefix("the database has migration 3 (leads), this program knows only up to 2") == true)
      var changed = Migration.all
      changed[1] = Migration(version: 2, name: "organisation", sql: "select 1")
      #expect(
        sentence { try Migrations.apply(session, schema: "millrace", steps: changed) }?
          .hasPrefix("migration 2 (organisation) is not the one that the database was given") == true)
      try session.run(script: "delete from migration where version = 2")
      #expect(
        sentence { try Migrations.check(session) }?
          .hasPrefix("the database has migration 3 but lacks 2 (organisation)") == true)
      #expect(sentence { _ = try open(database) } == sentence { try Migrations.check(session) })
    }
  }

  @Test("a worker's role can check the schema, and can do no more than its rights say")
  func rights() throws {
    try TestDatabase.with { database in
      var limits = TestDatabase.limits
      limits.role = "millrace_relay_events"
      let session = try database.connect(limits: limits)
      try Migrations.check(session)
      let error = #expect(throws: PostgresError.self) { try session.rows("select * from lead") }
      #expect(error?.kind == .setup)
      #expect(try session.rows("select count(*) from outbox")[0].integer(0) == 0)
    }
  }
}

private func open(_ database: TestDatabase) throws -> Connection {
  try Migrations.open(database.conninfo, name: "test", limits: TestDatabase.limits)
}

private func sentence(_ body: () throws -> Void) -> String? {
  do { try body() } catch { return "\(error)" }
  return nil
}

private func listing(_ folder: String) throws -> [String] {
  let open = try #require(opendir(folder))
  defer { closedir(open) }
  var names: [String] = []
  while let entry = readdir(open) {
    names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
  }
  return names
}

private func text(_ path: String) throws -> String {
  let file = try #require(fopen(path, "r"))
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += chunk[..<count]
  }
}
