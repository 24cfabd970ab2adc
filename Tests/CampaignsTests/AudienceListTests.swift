import Postgres
import TestKit
import Testing

/// What people may do with lists, whom they find, and what the database answers where they may not.
@Suite struct AudienceListTests {
  /// People by their login, as in `CampaignLifeTests`: roles that exist anyway stand in for logins.
  private enum Who: String, CaseIterable {
    /// Of Shanghai.
    case author = "millrace_send_sms"
    /// Of Shanghai too.
    case colleague = "millrace_send_email"
    case head = "millrace_settle_receipts"
    /// Of Beijing.
    case stranger = "millrace_receive_receipts"
    /// Nobody's login.
    case nobody = "millrace_launch_campaigns"
  }

  private struct Desk {
    let database: TestDatabase
    let session: Connection

    func ask(_ who: Who, _ query: Statement, _ bind: (inout Arguments) -> Void = { _ in }) throws -> [String] {
      try session.run(script: "set session authorization \(who.rawValue)")
      do {
        let answer = try session.rows(query, bind).map { $0.optionalText(0) ?? "-" }
        try session.run(script: "reset session authorization")
        return answer
      } catch let first {
        do { try session.run(script: "reset session authorization") } catch { throw first }
        throw first
      }
    }

    func begin(_ who: Who = .author, _ name: String = "guests", by key: String = "phone") throws -> String {
      try ask(who, "select answer from begin_audience($1, $2, '{}', null)") {
        $0.text(name)
        $0.text(key)
      }[0]
    }

    /// What is wrong with keys, by their places.
    func add(_ keys: [String], _ who: Who = .author) throws -> [String] {
      try ask(who, "select place || ' ' || answer from add_to_audience((select max(id) from audience_list), $1)") {
        $0.texts(keys) { $0 }
      }
    }

    func end(_ who: Who = .author, lines: Int64 = 10) throws -> String {
      try ask(
        who, "select concat_ws(' ', customers, leads) from end_audience((select max(id) from audience_list), $1, 1)"
      ) { $0.integer(lines) }[0]
    }

    func remove(_ who: Who = .author, _ name: String = "guests") throws -> String {
      try ask(who, "select remove_audience($1)") { $0.text(name) }[0]
    }

    func members() throws -> [String] {
      try session.rows(
        "select case when of_leads then 'lead ' else '' end || subject from audience_member order by list_id, of_leads, subject"
      ).map { $0.text(0) }
    }
  }

  private func open(_ body: (Desk) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'HQ', null, 'head-office'),
            (2, 'SH', 'Shanghai', 1, 'province'), (3, 'PD', 'Pudong', 2, 'city'), (4, 'BJ', 'Beijing', 1, 'province');
          insert into person (id, code, branch_id, name, login) overriding system value values
            (1, 'A', 2, 'author', '\(Who.author.rawValue)'), (2, 'C', 2, 'colleague', '\(Who.colleague.rawValue)'),
            (3, 'H', 1, 'head', '\(Who.head.rawValue)'), (4, 'S', 4, 'stranger', '\(Who.stranger.rawValue)'),
            (5, 'M', 3, 'manager', null);
          insert into customer (id, code, version, data, status, number, email, branch_id, manager_id, changed_at) values
            (1, 'C1', 1, gen_random_uuid(), 'active', '8801', 'Wang@Firm.example', 2, null, now()),
            (2, 'C2', 1, gen_random_uuid(), 'dormant', '8802', null, null, 5, now()),
            (3, 'C3', 1, gen_random_uuid(), 'active', '8803', null, 4, null, now()),
            (4, 'C4', 1, gen_random_uuid(), 'active', '8801', null, 3, null, now()),
            (5, 'C5', 1, gen_random_uuid(), 'active', null, null, null, null, now()),
            (6, 'C6', 1, gen_random_uuid(), 'removed', null, null, 2, null, now());
          insert into customer_phone (phone, customer_id, place, kind) values (8613800000001, 1, 0, 'mobile'),
            (8613800000011, 1, 1, 'home'), (8613800000002, 2, 0, 'mobile'), (8613800000003, 3, 0, 'mobile'),
            (8613800000004, 4, 0, 'mobile'), (8613800000005, 5, 0, 'mobile'), (8613800000034, 3, 1, 'home'),
            (8613800000034, 4, 1, 'home'), (8613800000024, 2, 1, 'home'), (8613800000024, 4, 2, 'home');
          insert into lead (id, phone, region, name, source, state, branch_id, owner_id, protected_since, protected_until, version,
            registered_at)
            values (1, 8613800000001, 'CN', 'a', 'web', 'owned', 2, 1, now(), now(), 1, now()),
              (2, 8613800000006, 'CN', 'b', 'web', 'owned', 3, 5, now(), now(), 1, now()),
              (3, 8613800000007, 'CN', 'c', 'web', 'owned', 4, 4, now(), now(), 1, now());
          update person_load set open_leads = 1 where person_id in (1, 4, 5);
          grant usage on schema millrace to \(Who.allCases.map(\.rawValue).joined(separator: ", "));
          grant execute on function begin_audience, add_to_audience, end_audience, remove_audience
            to \(Who.allCases.map(\.rawValue).joined(separator: ", "));
          """)
      try session.run(
        script: "grant select on audience_list to \(Who.allCases.map(\.rawValue).joined(separator: ", "))")
      try body(Desk(database: database, session: session))
    }
  }

  @Test("a phone finds customers and leads of the loader's branches, and of others it answers like of nobody")
  func phones() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      let answers = try desk.add([
        "8613800000001", "8613800000002", "8613800000003", "8613800000005", "8613800000006", "8613800000007",
        "8613900000000", "8613800000034", "8613800000024", "8613800000011",
      ])
      // 3 is Beijing's, 5 the head office's, 7 a lead of Beijing's; of 34 the other customer is Beijing's; 24 has two; 11 is the first's.
      #expect(answers == ["3 nobody", "4 nobody", "6 nobody", "7 nobody", "9 several", "10 repeated"])
      #expect(try desk.members() == ["1", "2", "4", "lead 1", "lead 2"])
      #expect(try desk.add(["8613800000002", "8613800000024"]) == ["1 repeated", "2 several"])
      #expect(try desk.end() == "3 2")
    }
  }

  @Test("a head office finds everybody, and a stranger their own")
  func scopes() throws {
    try open { desk throws in
      let phones = (1...7).map { "861380000000\($0)" }
      #expect(try desk.begin(.head, "all") == "begun")
      #expect(try desk.add(phones, .head) == [])
      #expect(try desk.end(.head) == "5 3")
      #expect(try desk.begin(.stranger, "own") == "begun")
      #expect(try desk.add(phones, .stranger) == ["1 nobody", "2 nobody", "4 nobody", "5 nobody", "6 nobody"])
      #expect(try desk.end(.stranger) == "1 1")
    }
  }

  @Test(
    "each key finds what it says, and nobody who is removed",
    arguments: [
      ("customer", ["C1", "C3", "C6", "c2", "C2"], ["2 nobody", "3 nobody", "4 nobody"], ["1", "2"]),
      ("number", ["8801", "8802", "8803"], ["1 several", "3 nobody"], ["2"]),
      ("email", ["wang@firm.example", "x@firm.example"], ["2 nobody"], ["1"]),
      ("lead", ["1", "2", "3", "99"], ["3 nobody", "4 nobody"], ["lead 1", "lead 2"]),
    ])
  func keys(_ key: String, _ words: [String], _ answers: [String], _ members: [String]) throws {
    try open { desk throws in
      #expect(try desk.begin(by: key) == "begun")
      #expect(try desk.add(words) == answers)
      #expect(try desk.members() == members)
    }
  }

  @Test("a list that is whole does not change, and its name is taken; one that is not is begun anew")
  func whole() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      #expect(try desk.add(["8613800000001"]) == [])
      // As after a crash: another session begins anew, and what was there is gone.
      #expect(try desk.begin() == "begun")
      #expect(try desk.members() == [])
      #expect(try desk.add(["8613800000002"]) == [])
      #expect(try desk.session.rows("select lines from audience_list")[0].integer(0) == 1)
      #expect(try desk.end() == "1 0")
      // The planner has been told how long it is.
      #expect(
        try desk.session.rows("select reltuples::bigint from pg_class where oid = 'audience_member'::regclass")[0]
          .integer(0) == 1)
      #expect(throws: PostgresError.self) { try desk.add(["8613800000004"]) }
      #expect(throws: PostgresError.self) { try desk.end() }
      #expect(try desk.begin() == "there-already")
      #expect(try desk.members() == ["2"])
    }
  }

  @Test("one of nobody is none")
  func empty() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      #expect(try desk.add(["8613800000003"]) == ["1 nobody"])
      #expect(try desk.end() == "0 0")
      #expect(try desk.begin() == "begun")
    }
  }

  @Test("only its loader adds to a list, and one at a time loads it")
  func others() throws {
    try open { desk throws in
      #expect(try desk.begin(.nobody) == "no-person")
      #expect(try desk.begin() == "begun")
      #expect(throws: PostgresError.self) { try desk.add(["8613800000001"], .colleague) }
      #expect(throws: PostgresError.self) { try desk.end(.colleague) }
      let other = Desk(database: desk.database, session: try desk.database.connect())
      #expect(try other.begin() == "being-loaded")
      #expect(try other.remove() == "being-loaded")
      #expect(try desk.add(["8613800000001"]) == [])
    }
  }

  @Test("what a stranger's loading left half done is not begun anew, and neither are lists that no filter could name")
  func notBegun() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      #expect(try desk.add(["8613800000001"]) == [])
      _ = try desk.session.rows("select pg_advisory_unlock_all()")
      #expect(try desk.begin(.stranger) == "not-your-branch")
      #expect(try desk.members() == ["1", "lead 1"])
      for (name, key) in [("Guests", "phone"), ("guests 2", "phone"), ("others", "name")] {
        do {
          _ = try desk.begin(.author, name, by: key)
          Issue.record("\(name) by \(key) was begun")
        } catch let error as PostgresError { #expect(error.sqlState == "23514") }
      }
    }
  }

  @Test("whoever adds to a list while another session ends it is told, and the list stays as it was ended")
  func endedMeanwhile() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      #expect(try desk.add(["8613800000001"]) == [])
      let other = try desk.database.connect(as: "other")
      try other.run(script: "set session authorization \(Who.author.rawValue)")
      try desk.session.run(script: "begin")
      #expect(try desk.end() == "1 1")
      try other.enterPipeline()
      try other.send("select from add_to_audience((select max(id) from audience_list), '{8613800000002}')")
      try other.finishSending()
      try desk.session.waitUntil("whoever adds waits") {
        try desk.session.rows(
          "select from pg_stat_activity where datname = current_database() and application_name ~ 'other' and wait_event_type = 'Lock'"
        ).count == 1
      }
      try desk.session.run(script: "commit")
      do {
        _ = try other.receive()
        Issue.record("it was added")
      } catch let error as PostgresError { #expect(error.sqlState == "55000") }
      #expect(try desk.members() == ["1", "lead 1"])
    }
  }

  @Test("a list is removed by its own scope, and not while a campaign that is not over names it")
  func removed() throws {
    try open { desk throws in
      #expect(try desk.begin() == "begun")
      #expect(try desk.add(["8613800000001"]) == [])
      #expect(try desk.end() == "1 1")
      #expect(try desk.remove(.nobody) == "no-person")
      #expect(try desk.remove(.stranger) == "not-your-branch")
      #expect(try desk.remove(.author, "quests") == "unknown-list")
      try desk.session.run(
        script: #"""
          insert into campaign (id, name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone)
          overriding system value values
            (1, 'spring', '{"audience": {"customers": "level = gold"}, "exclude": "not (list = \"guests\")"}', 2, 1, 1, now(),
              now() + interval '1 day', 'Asia/Shanghai'),
            (2, 'other', '{"audience": {"customers": "tag = guests"}}', 2, 1, 1, now(), now() + interval '1 day', 'Asia/Shanghai')
          """#)
      #expect(try desk.remove() == "in-use")
      #expect(try desk.session.rows("select used_by from audience_list_seen").map { $0.texts(0) } == [["spring"]])
      try desk.session.run(script: "update campaign set settled_at = now() where id = 1")
      #expect(try desk.remove(.colleague) == "removed")
      #expect(try desk.members() == [])
    }
  }

  @Test("whoever is removed or erased is on no list any more")
  func erased() throws {
    try open { desk throws in
      for (name, phone) in [("one", "8613800000001"), ("two", "8613800000001")] {
        #expect(try desk.begin(.author, name) == "begun")
        #expect(try desk.add([phone, "8613800000002"]) == [])
        #expect(try desk.end() == "2 1")
      }
      try desk.session.run(script: "update customer set status = 'closed' where id = 1")
      #expect(try desk.members() == ["1", "2", "lead 1", "1", "2", "lead 1"])
      try desk.session.run(script: "update customer set status = 'removed', number = null, email = null where id = 1")
      #expect(try desk.members() == ["2", "lead 1", "2", "lead 1"])
      _ = try desk.session.rows("select from erase_person('lead', '1', 'request 17')")
      #expect(try desk.members() == ["2", "2"])
      #expect(try desk.begin(.author, "three", by: "lead") == "begun")
      #expect(try desk.add(["1", "2"]) == ["1 nobody"])
    }
  }
}
