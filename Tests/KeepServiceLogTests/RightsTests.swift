import Postgres
import TestKit
import Testing

@testable import keep_service_log

@Suite struct RightsTests {
  @Test("no role of ours may change or remove what was recorded, or what it is recorded from")
  func appendOnly() throws {
    try LogDesk.open { desk in
      let roles = try desk.lines("select rolname::text from pg_roles where rolname like 'millrace\\_%' order by 1")
      #expect(roles.count >= 8)
      #expect(roles.contains("millrace_keep_service_log"))
      #expect(
        try desk.lines(
          """
          select format('%s may %s %s', r.rolname, p.privilege, t.name)
          from pg_roles r
            cross join unnest(array['service_log', 'service_block', 'service_day', 'service_action', 'lead_history']) t (name)
            cross join unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) p (privilege)
          where r.rolname like 'millrace\\_%' and (has_table_privilege(r.oid, t.name, p.privilege)
            or p.privilege = 'UPDATE' and has_any_column_privilege(r.oid, t.name, p.privilege))
          """) == [])
      #expect(
        try desk.lines(
          """
          select r.rolname::text || ' ' || t.name from pg_roles r
            cross join unnest(array['service_log', 'service_block', 'service_day']) t (name)
          where r.rolname like 'millrace\\_%' and has_table_privilege(r.oid, t.name, 'INSERT') order by 1
          """) == [
            "millrace_keep_service_log service_block", "millrace_keep_service_log service_day",
            "millrace_keep_service_log service_log",
          ])
      #expect(
        try desk.lines(
          """
          select r.rolname::text from pg_roles r where r.rolname like 'millrace\\_%'
            and has_table_privilege(r.oid, 'service_due', 'DELETE')
          """) == ["millrace_keep_service_log"])
    }
  }

  @Test("whoever may write a history owes it to the log, without a right on the log's tables")
  func owed() throws {
    try LogDesk.open { desk in
      var limits = TestDatabase.limits
      limits.role = "millrace_allocate_leads"
      let worker = try desk.database.connect(as: "allocate-leads", limits: limits)
      try desk.history(1...3, in: worker)
      #expect(try desk.lines("select lead_ids::text || lead_versions::text from service_due") == ["{1,2,3}{1,1,1}"])
      #expect(throws: PostgresError.self) { try worker.run(script: "delete from service_due") }
      #expect(throws: PostgresError.self) { try worker.run(script: "select owe_lead_history()") }
    }
  }
}
