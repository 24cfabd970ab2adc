import Contract
import Glibc
import JSON
import LeadAllocation
import Postgres
import Settings
import TestKit
import Testing
import Topics
import Values

@testable import millrace

@Suite struct RehearseTests {
  private static let key = ["IDENTITY_KEY": String(repeating: "k", count: 32)]

  private static let firm = """
    {"branches": [{"code": "HQ", "name": "总部", "level": "head-office"},
       {"code": "GD", "name": "广东", "level": "province", "parent": "HQ"}, {"code": "SZ", "name": "深圳", "level": "city", "parent": "GD"}],
     "people": [{"code": "P1", "name": "a", "branch": "GD", "weight": 2}, {"code": "P2", "name": "b", "branch": "GD"},
       {"code": "P3", "name": "c", "branch": "SZ", "capacity": 2}],
     "rules": [{"region": "CN-GD/Shenzhen", "branch": "SZ"}, {"region": "CN-GD", "branch": "GD"}, {"source": "empty", "branch": "HQ"}]}
    """

  /// Guangzhou, Shenzhen and Beijing in turn, one twice and one bad.
  private static let leads =
    (0..<30).map { number in
      let prefix = ["1343000", "1351000", "1380013"][number % 3]
      return #"{"phone": "+86\#(prefix)\#(1000 + number)", "source": "web"}"#
    }.joined(separator: "\n") + """

      {"phone": "+8613510001001", "source": "app"}
      {"phone": "no number", "source": "app"}
      {"phone": "+8613800139999", "source": "empty"}
      """

  private func with(_ body: (TestDatabase, Connection, _ file: String) throws -> Void) throws {
    try TestDatabase.with { database in
      try temporaryFile(Self.firm) { firm in
        #expect(CommandRun("leads", "setup", firm, "--execute", on: database).exit == .done)
      }
      try temporaryFile(Self.leads) { file in try body(database, try database.connect(), file) }
    }
  }

  /// Everything that is in the database, by table.
  private func everything(_ session: Connection) throws -> [String] {
    try session.run(
      script: """
        create or replace function pg_temp.rows_of(name text, what text) returns text language plpgsql as $f$
        declare found text; begin
          execute format('select coalesce(string_agg(%s, chr(10) order by %1$s), '''') from %I t', what, name) into found;
          return name || ': ' || found; end $f$
        """)
    return try session.rows(
      """
      select pg_temp.rows_of(c.relname, case c.relkind when 'S' then 'last_value::text' else 't::text' end) from pg_class c
      where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'S') order by c.relname
      """
    ).map { $0.text(0) }
  }

  @Test("it says what the worker then does: the same branch and the same person for every lead")
  func same() throws {
    try with { database, session, file throws in
      let run = CommandRun("leads", "rehearse", file, "--all", on: database, more: Self.key)
      let rehearsed = run.rows.prefix { $0.count > 4 }.map { Array($0) }
      #expect(rehearsed.count == 33, "\(run.out)\(run.err)")
      #expect(rehearsed.filter { $0.contains("allocated") }.count == 12)
      #expect(
        rehearsed.filter { $0.contains("full") }.count == 1
          && rehearsed.filter { $0.contains("behind-held") }.count == 7)
      #expect(rehearsed.filter { $0.contains("no-rule") }.count == 10)
      #expect(rehearsed.filter { $0.contains("vacant") }.count == 1)
      #expect(rehearsed.filter { $0.contains("duplicate") }.count == 1)
      #expect(rehearsed.filter { $0.contains("refused") }.count == 1)

      let read = try decideForReal(file, session)
      let owners = try session.rows("select h.event_id, p.code from lead_history h join person p on p.id = h.owner_id")
      let lines = Dictionary(uniqueKeysWithValues: read.map { ($0.delivery.id, $0.line) })
      let real = owners.map { "\(lines[$0.text(0)] ?? 0) \($0.text(1))" }
      #expect(Set(real) == Set(rehearsed.filter { $0.contains("allocated") }.map { "\($0[0]) \($0[6])" }))
    }
  }

  /// As a lane would: load, decide, write, commit.
  private func decideForReal(_ file: String, _ session: Connection) throws -> [RehearsalLeads.Lead] {
    let invocation = try Invocation(
      of: LeadsRehearse.command, [file], Environment(Self.key), Output(out: { _ in }, err: { _ in }))
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let leads = try RehearsalLeads(invocation, now: now).leads
    let settings = try Settings(reading: Environment(Self.key), declared: AllocateLeads.settings.map { [$0] } ?? [])
    var cache = AllocateLeads.Cache(settings)
    try session.run(script: "begin")
    let reader = AllocateLeads.reader(settings)
    let registrations = leads.map { $0.delivery.read(by: reader) }
    var state = try AllocateLeads.load(registrations, &cache, Transaction(open: session))
    let changes = registrations.compactMap { lead in
      if case .apply(let change, _, _) = AllocateLeads.decide(lead, &state, now) { change } else { nil }
    }
    for write in AllocateLeads.writes {
      var arguments = Arguments()
      if write.bind(state, changes[...], &arguments) > 0 { _ = try session.rows(write.statement, arguments) }
    }
    try session.run(script: "commit")
    return leads
  }

  @Test("nothing is changed, not even a number, and nobody who has the firm locked is waited for")
  func harmless() throws {
    try with { database, session, file throws in
      let before = try everything(session)
      let other = try database.connect()
      try other.run(
        script:
          "begin; select from branch_load for update; select from person_load for update; select from person for update"
      )
      let run = CommandRun("leads", "rehearse", file, on: database, more: Self.key)
      #expect(run.exit == .no && run.out.contains("Nothing was changed."), "\(run.out)\(run.err)")
      try other.run(script: "rollback")
      #expect(try everything(session) == before)
    }
  }

  @Test("it decides under rules, people and branches that are not loaded")
  func given() throws {
    try with { database, session, file throws in
      let before = try everything(session)
      let rules = """
        {"branches": [{"code": "BJ", "name": "北京", "level": "province"}], "people": [{"code": "P9", "name": "z", "branch": "BJ"}],
         "rules": [{"region": "CN-BJ", "branch": "BJ"}, {"branch": "GD"}]}
        """
      try temporaryFile(rules) { rules in
        let run = CommandRun("leads", "rehearse", file, "--all", "--rules", rules, on: database, more: Self.key)
        let rows = run.rows.filter { $0.count > 4 }
        #expect(rows.filter { $0.contains("BJ") && $0.contains("P9") }.count == 11, "\(run.out)\(run.err)")
        #expect(rows.contains { $0.contains("2: any lead") })
        let json = CommandRun("leads", "rehearse", file, "--json", "--rules", rules, on: database, more: Self.key)
        #expect(json.out.contains(#"{"branch":"BJ","outcome":"allocated","why":null,"leads":11}"#), "\(json.out)")
      }
      #expect(try everything(session) == before)
    }
  }

  @Test("one lead is explained in full, so that its choice can be made again by hand")
  func explained() throws {
    try with { database, _, file throws in
      let run = CommandRun("leads", "rehearse", file, "--explain", "1", on: database, more: Self.key)
      #expect(run.exit == .done && run.out.contains("allocated to a (P1) in 广东 (GD)"), "\(run.out)\(run.err)")
      #expect(run.out.contains("the lead's region is CN-GD/Jieyang") && run.out.contains("chosen"), "\(run.out)")
      #expect(CommandRun("leads", "rehearse", file, "--explain", "32", on: database, more: Self.key).exit == .no)
    }
  }

  @Test("a table is read as leads import reads it")
  func table() throws {
    try with { database, _, _ throws in
      try temporaryFile("手机,来源\n13430001234,web\n12,web\n") { file in
        let table = file + ".csv"
        #expect(rename(file, table) == 0)
        defer { unlink(table) }
        let run = CommandRun("leads", "rehearse", table, on: database, more: Self.key)
        let rows = run.rows.filter { $0.count > 4 }
        #expect(rows.count == 2 && rows[0].contains("allocated") && rows[0].contains("P1"), "\(run.out)\(run.err)")
        #expect(rows[1].starts(with: ["3", "-", "-", "-", "refused"]))
      }
    }
  }
}
