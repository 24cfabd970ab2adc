import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct LeadTests {
  static let firm = """
    {"branches": [{"code": "HQ", "name": "总部", "level": "head-office"},
      {"code": "CN-GD", "name": "广东分公司", "level": "province", "parent": "HQ", "dayEnd": "18:30"}],
     "people": [{"code": "P1", "name": "王伟", "branch": "CN-GD", "weight": 3, "capacity": 10},
      {"code": "P2", "name": "李娜", "branch": "CN-GD"},
      {"code": "P3", "name": "张敏", "branch": "CN-GD", "leaveFrom": "2020-01-01T00:00:00Z"}],
     "rules": [{"source": "bank", "branch": "HQ"}, {"region": "CN-SC", "branch": "HQ"},
      {"region": "CN-GD", "branch": "CN-GD"}, {"branch": "HQ"}],
     "policies": [{"days": 7}, {"product": "fund", "days": 14}]}
    """

  private func with(_ body: (TestDatabase, Connection, _ file: String) throws -> Void) throws {
    try TestDatabase.with { database in
      try temporaryFile(LeadTests.firm) { file in try body(database, try database.connect(), file) }
    }
  }

  @Test("setup shows what would change, loads it once, and changes nothing the second time")
  func setup() throws {
    try with { database, session, file throws in
      let preview = CommandRun("leads", "setup", file, on: database)
      #expect(preview.exit == .done && preview.out.contains("To load it, add --execute."))
      #expect(try session.rows("select from branch").count == 0)
      #expect(CommandRun("leads", "setup", file, "--execute", on: database).exit == .done)
      let people = try session.rows(
        """
        select p.code, b.code, h.code, p.weight, l.open_leads, b.day_end::text from person p
          join branch b on b.id = p.branch_id join branch h on h.id = b.parent_id
          join person_load l on l.person_id = p.id
        order by p.id
        """)
      #expect(
        people.map { "\($0.text(0)) \($0.text(1)) \($0.text(2)) \($0.integer(3)) \($0.text(5))" } == [
          "P1 CN-GD HQ 3 18:30:00", "P2 CN-GD HQ 1 18:30:00", "P3 CN-GD HQ 1 18:30:00",
        ])
      #expect(try session.rows("select from allocation_rule where ruleset = 1").count == 4)
      #expect(try session.rows("select from protection_policy").count == 2)
      #expect(CommandRun("leads", "setup", file, "--execute", on: database).out.hasPrefix("Nothing changes.\n"))
      #expect(try session.rows("select from ruleset").count == 1)
      #expect(try session.rows("select from operator_action").count == 1)
    }
  }

  @Test("changed rules are a new set; the old one stays as it was")
  func newRules() throws {
    try with { database, session, file throws in
      _ = CommandRun("leads", "setup", file, "--execute", on: database)
      try temporaryFile(#"{"rules": [{"branch": "CN-GD"}]}"#) { other in
        #expect(CommandRun("leads", "setup", other, "--execute", on: database).exit == .done)
      }
      let rules = try session.rows("select ruleset, count(*) from allocation_rule group by 1 order by 1")
      #expect(rules.map { $0.integer(1) } == [4, 1])
      #expect(try session.rows("select from person").count == 3)
    }
  }

  @Test("a file that cannot be read or does not hold together is refused whole")
  func refused() throws {
    try with { database, session, file throws in
      #expect(CommandRun("leads", "setup", "/nowhere", on: database).exit == .no)
      for text in [
        #"{"people": [{"code": "P", "name": "p", "branch": "X"}]}"#,
        #"{"branches": [{"code": "B", "name": "b", "level": "city", "timeZone": "Asia/Nowhere"}]}"#, "{",
      ] {
        try temporaryFile(text) { other in
          let run = CommandRun("leads", "setup", other, "--execute", on: database)
          #expect(run.exit == .no && run.err.contains(other), "\(run.err)")
        }
      }
      #expect(try session.rows("select from branch").count == 0)
    }
  }

  /// Three leads out of one snapshot: P1, P1 and P2 by the rotation; then one that is held.
  private func addLeads(_ session: Connection) throws {
    try session.run(
      script: """
        insert into allocation_snapshot values (900, (select id from branch where code = 'CN-GD'), now(),
          (select array_agg(id order by id) from person), '{3,1,1}', '{10,-1,-1}', '{0,0,0}', '{0,0,0}',
          '{"","",on-leave}');
        insert into lead (id, phone, region, name, source, product, state, branch_id, owner_id, protected_since,
          protected_until, version, registered_at)
        select n, 8613800138000 + n, 'CN-GD/Shenzhen', '陈先生', 'wechat', 'fund', 'owned',
          (select id from branch where code = 'CN-GD'), (select id from person where code = o), now(), now(), 1, now()
        from (values (1000, 'P1'), (1001, 'P1'), (1002, 'P2')) a (n, o);
        insert into lead_history (lead_id, version, at, what, branch_id, owner_id, ruleset, rule_position, snapshot_id,
          choice, worker, source, event_id)
        select id, 1, now(), 'allocated', branch_id, owner_id, 1, 3, 900, id - 1000, 'allocate-leads', '/shop', 'e' || id
        from lead;
        insert into lead (id, phone_text, source, state, held_reason, held_since, held_ruleset, version, registered_at)
        values (1003, '12', 'wechat', 'held', 'phone-too-short', now(), 1, 1, now());
        insert into lead_history (lead_id, version, at, what, reason, ruleset, worker)
        values (1003, 1, now(), 'held', 'phone-too-short', 1, 'allocate-leads');
        insert into lead_duplicate values (1000, now(), 'bank', null, '/bank', 'd1', now());
        """)
  }

  @Test("an allocation is explained so that it can be made again: rules, people, credits, the winner")
  func explain() throws {
    try with { database, session, file throws in
      _ = CommandRun("leads", "setup", file, "--execute", on: database)
      try addLeads(session)
      let run = CommandRun("leads", "explain", "1002", on: database)
      #expect(run.exit == .done, "\(run.out)\(run.err)")
      #expect(run.out.contains("allocated to 李娜 (P2) in 广东分公司 (CN-GD)"))
      #expect(run.out.contains("the lead's source is wechat"))
      #expect(run.out.contains("the lead's region is CN-GD/Shenzhen"))
      #expect(run.rows.contains { $0.starts(with: ["3", "region CN-GD", "CN-GD", "matches"]) })
      #expect(run.out.contains("1 more were not reached."))
      // Twice P1 has won: 3 + 3 - 4 - 4 + ... leaves P1 at -2 and P2 at 2.
      #expect(run.rows.contains { $0 == ["P1", "王伟", "3", "2", "10", "-2", "1"] }, "\(run.rows)")
      #expect(run.rows.contains { $0 == ["P2", "李娜", "1", "0", "none", "2", "3", "chosen"] })
      #expect(run.rows.contains { $0 == ["P3", "张敏", "1", "0", "none", "0", "-", "on-leave"] })
      #expect(run.out.contains("pays the sum of the weights, 4, and stands at -1."))
      for phone in ["+8613800139000", "13800139000", "138 0013 9000"] {
        let byPhone = CommandRun("leads", "explain", phone, on: database)
        #expect(byPhone.exit == .done && byPhone.out.contains("registered again"), "\(phone): \(byPhone.err)")
      }
      let json = CommandRun("leads", "explain", "1001", "--json", on: database)
      #expect(json.out.contains("\"recomputed\":\"P1\",\"confirmed\":true"))
    }
  }

  @Test("a choice that was not the rotation's is told apart")
  func wrongChoice() throws {
    try with { database, session, file throws in
      _ = CommandRun("leads", "setup", file, "--execute", on: database)
      try addLeads(session)
      try session.run(
        script: "update lead_history set owner_id = (select id from person where code = 'P2') where lead_id = 1000")
      let run = CommandRun("leads", "explain", "1000", on: database)
      #expect(run.exit == .no && run.out.contains("This does not add up: made again, the choice falls on 王伟 (P1)."))
    }
  }

  @Test("held leads are counted by reason, and phones in lists are masked")
  func held() throws {
    try with { database, session, file throws in
      _ = CommandRun("leads", "setup", file, "--execute", on: database)
      try addLeads(session)
      #expect(CommandRun("leads", "held", on: database).out.contains("phone-too-short"))
      let list = CommandRun("leads", "list", "--branch", "CN-GD", on: database)
      #expect(list.rows.count == 3 && list.out.contains("+86138****9002") && !list.out.contains("8613800139002"))
      #expect(CommandRun("leads", "list", "--owner", "P2", on: database).rows.count == 1)
      let explained = CommandRun("leads", "explain", "1003", on: database)
      #expect(explained.exit == .done && explained.out.contains("held: phone-too-short"))
      #expect(explained.out.contains("the lead has no region"))
      #expect(CommandRun("leads", "explain", "999999", on: database).exit == .no)
    }
  }
}
