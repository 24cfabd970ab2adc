import Migrations
import TestKit
import Testing

@testable import millrace

@Suite struct GrantTests {
  @Test("grants are read from SQL, not from comments or functions")
  func parsed() {
    let sql = """
      -- grant select on a to r;
      do $$ begin execute 'grant select on b to r;'; end $$;
      grant select, insert on c, d
        to r, s;
      grant usage on sequence e to r; -- grant select on f to r;
      grant execute on function g to r;
      grant r to s;
      grant delete, insert (h, i), update (j) on k to r;
      """
    let found = Grant.parse(sql)
    #expect(
      found.filter { $0.object == "c" }.map { "\($0.role) \($0.privilege)" } == [
        "r select", "r insert", "s select", "s insert",
      ])
    #expect(Set(found.map(\.object)) == ["c", "d", "e", "g", "k"])
    #expect(
      found.filter { $0.object == "k" }.map { "\($0.kind) \($0.privilege)" } == [
        "table delete", "columns insert", "columns update",
      ])
    #expect(found.filter { $0.kind == .sequence }.map(\.object) == ["e"])
    #expect(found.filter { $0.kind == .function }.map(\.object) == ["g"])
  }

  @Test("a migrated database has every right that the migrations give, and doctor misses one that is taken away")
  func inForce() throws {
    try TestDatabase.with { database in
      let checks = CommandRun("doctor", "--json", on: database)
      #expect(!checks.out.contains("lacks"))
      #expect(checks.out.contains("millrace_allocate_leads has its rights"))
      try database.connect().run(script: "revoke update on person_load from millrace_allocate_leads")
      let after = CommandRun("doctor", "--json", on: database)
      #expect(after.exit == .no)
      #expect(after.out.contains("millrace_allocate_leads lacks update on person_load"))
    }
  }
}
