import Postgres
import TestKit
import Testing

/// Every statement of the runtime, the relay and the workers against the migrated schema: a wrong column fails here.
@Suite struct StatementTests {
  @Test("every statement prepares against the migrated schema")
  func prepare() async throws {
    let statements = try StatementTests.all()
    for (file, least) in ["PositionTable": 8, "SweepLane": 1, "LeadWrites": 5, "AllocateHeldLeads": 1, "Statements": 4]
    {
      let found = statements.count { $0.file.hasSuffix("/\(file).swift") }
      #expect(found >= least, "\(file): only \(found) statements were found")
    }
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        for (number, statement) in statements.enumerated() {
          do {
            try session.run(script: "prepare p\(number) as \(statement.sql)")
          } catch let error as PostgresError where error.sqlState == "42P18" {
            // The last thing that is looked at: only the type of a parameter is open, which comes with its value.
          } catch {
            Issue.record("\(statement.file): \(error)\n\(statement.sql)")
          }
        }
      }
    }
  }

  private static func all() throws -> [(file: String, sql: String)] {
    let long = /"""\n\s*((?:select|insert|update|delete|merge|with)\b[^"]*(?:"[^"]+"[^"]*)*?)"""/
    let short = /[(\s]"((?:select|insert|update|delete|merge|with) [^"\\]*)"/
    return try SourceText.all(
      under: "Core/Runtime", "Core/Relay", "Core/Organisation", "Core/Reminders", "Core/Outreach", "Core/Sending",
      "Workers"
    )
    .flatMap { file in
      (file.text.matches(of: long).map(\.1) + file.text.matches(of: short).map(\.1))
        .filter { !$0.contains("\\(") }.map { (file.path, String($0)) }
    }
  }
}
