import Glibc
import Postgres
import TestKit
import Testing

@testable import millrace

/// `leads setup` against a migrated database, with the operator's rights alone.
@Suite struct LeadsSetupTests {
  static let firm = """
    {"firm": {"phoneConverts": true, "convertedOwner": "owner"},
     "calendars": [{"code": "CN", "name": "中国大陆", "knownUntil": "2999-12-31",
       "hours": [{"weekdays": "1-5", "opens": "09:00", "closes": "11:30"}, {"weekdays": "1-5", "opens": "13:00", "closes": "24:00"}],
       "days": [{"day": "2026-10-01", "until": "2026-10-03", "name": "国庆节"}, {"day": "2026-10-10", "asWeekday": 4}]}],
     "branches": [{"code": "HQ", "name": "总部", "level": "head-office"},
       {"code": "GD", "name": "广东", "level": "province", "parent": "HQ", "calendar": "CN", "method": "least-loaded",
        "catchUp": 0, "heldReminder": 0}],
     "people": [{"code": "P1", "name": "王伟", "branch": "GD", "capacity": 0, "dailyCap": 0, "weeklyCap": 7, "calendar": "CN",
       "manager": true, "login": "wangwei"}, {"code": "P2", "name": "李娜", "branch": "HQ"}],
     "sources": [{"code": "bank", "kind": "institution", "branch": "GD"}, {"code": "excel", "kind": "import", "keeps": "person"},
       {"code": "views", "kind": "behaviour"}],
     "rules": [{"region": "CN-GD", "language": "zh", "valueFrom": "500000.50", "currency": "CNY",
        "validFrom": "2026-01-01T00:00:00+08:00", "how": "steps", "branch": "GD"}, {"branch": "HQ"}],
     "policies": [{"days": 7}, {"branch": "GD", "level": "gold", "days": 5, "workingDays": true, "extension": 3,
       "maximum": 90, "reminders": "2", "lastMorning": "never", "reclaimTo": "allocate"}],
     "pools": [{"claimsADay": 0}, {"branch": "GD", "claimDelay": 60, "unclaimed": "never", "transferClock": "restart"}],
     "steps": [{"level": "province", "within": 480, "remind": 60, "then": "escalate"}, {"branch": "HQ", "within": 60, "then": "allocate"}]}
    """

  private func load(_ text: String, on database: TestDatabase) throws -> CommandRun {
    var run: CommandRun?
    try temporaryFile(text) { run = CommandRun("leads", "setup", $0, "--execute", on: database) }
    return try #require(run)
  }

  @Test("every section is loaded as it stands in the file: read again, nothing differs")
  func everything() throws {
    try TestDatabase.with { database in
      let run = try load(Self.firm, on: database)
      #expect(run.exit == .done, "\(run.err)")
      let firm = try Firm(reading: Array(Self.firm.utf8)).completed(by: Firm())
      let known = try FirmTables.read(try database.connect())
      let difference = FirmDifference(from: known, to: firm)
      #expect(difference.isEmpty, "\(difference.changes)")
      #expect(known.calendars == firm.calendars && known.rules == firm.rules && known.terms == firm.terms)
      #expect(known.people?.first?.capacity == 0 && known.people?.last?.capacity == nil)
      #expect(try load(Self.firm, on: database).out.hasPrefix("Nothing changes."))
      // What a file leaves out stays.
      #expect(try load(#"{"sources": [{"code": "web", "kind": "channel"}]}"#, on: database).exit == .done)
      #expect(try FirmTables.read(try database.connect()).sources?.map(\.code) == ["bank", "excel", "views", "web"])
    }
  }

  @Test(
    "files speak into the history that events speak into: who is made inactive hands over, what was said later stays")
  func history() throws {
    try TestDatabase.with { database in
      _ = try load(Self.firm, on: database)
      let session = try database.connect()
      func said(_ field: String) throws -> [String?] {
        try session.rows("select value from organisation_history where code = 'P2' and field = $1 order by at") {
          $0.text(field)
        }.map { $0.optionalText(0) }
      }
      #expect(try said("name") == ["李娜"])
      let left = #"{"people": [{"code": "P2", "name": "李娜", "branch": "GD", "active": false, "login": "lina"}]}"#
      #expect(try load(left, on: database).exit == .done)
      #expect(try said("name") == ["李娜"], "what stays is not said again")
      #expect(try said("active") == ["yes", "no"] && said("branch") == ["HQ", "GD"])
      #expect(
        try session.rows("select cause || ' ' || follows from hand_over order by id").map { $0.text(0) }
          == ["moved true", "left false"])
      #expect(try session.rows("select login from person where code = 'P2'")[0].optionalText(0) == nil)
      // An event that is a day ahead of the next file.
      try session.run(
        script: """
          insert into organisation_history (subject_kind, code, field, value, at, source, event_id)
          values ('person', 'P2', 'name', '李 of tomorrow', now() + interval '1 day', '/hr', '1')
          """)
      #expect(
        try load(#"{"people": [{"code": "P2", "name": "李 of today", "branch": "GD"}]}"#, on: database).exit == .done)
      #expect(try session.rows("select name from person where code = 'P2'")[0].text(0) == "李 of tomorrow")
      #expect(try said("active") == ["yes", "no"], "a file that does not say so hires nobody again")
      let back = #"{"people": [{"code": "P2", "name": "李 of today", "branch": "GD", "active": true}]}"#
      #expect(try load(back, on: database).exit == .done)
      #expect(try session.rows("select phase from hand_over where cause = 'left'")[0].text(0) == "cancelled")
    }
  }

  @Test("what events tell of people too stays where a file does not speak of it, and goes where it does")
  func unsaid() throws {
    try TestDatabase.with { database in
      _ = try load(Self.firm, on: database)
      let session = try database.connect()
      func row(_ more: String) -> String {
        #"{"people": [{"code": "P2", "name": "李娜", "branch": "HQ", "login": "lina"\#(more)}]}"#
      }
      func kept() throws -> String {
        try session.rows(
          """
          select concat_ws(' ', active, manager, leave_until is not null, weight, login) from person where code = 'P2'
          """)[0].text(0)
      }
      let away = #", "active": false, "manager": true, "leaveUntil": "2030-01-01T00:00:00Z""#
      #expect(try load(row(away), on: database).exit == .done)
      #expect(try load(row(#", "weight": 7"#), on: database).exit == .done)
      #expect(try kept() == "f t t 7")
      #expect(try load(row(#", "weight": 7"#), on: database).out.hasPrefix("Nothing changes."))
      #expect(try load(row(#", "active": true, "manager": false"#), on: database).exit == .done)
      #expect(try kept() == "t f t 1 lina")
    }
  }

  @Test("a login goes from one person to another in one load")
  func login() throws {
    try TestDatabase.with { database in
      _ = try load(Self.firm, on: database)
      let run = try load(
        """
        {"people": [{"code": "P2", "name": "李娜", "branch": "HQ", "login": "wangwei"},
          {"code": "P1", "name": "王伟", "branch": "GD"}]}
        """, on: database)
      #expect(run.exit == .done, "\(run.err)")
      let taken = try load(
        #"{"people": [{"code": "P3", "name": "c", "branch": "HQ", "login": "wangwei"}]}"#, on: database)
      #expect(taken.exit == .no && taken.err.contains("people[0].login: twice"), "\(taken.err)")
    }
  }

  @Test("warnings come with the difference, and as rows of the JSON")
  func warnings() throws {
    try TestDatabase.with { database in
      try temporaryFile(Self.firm) { file in
        let people = CommandRun("leads", "setup", file, on: database)
        #expect(people.out.contains("Warning: people: with capacity 0 these take no leads: P1."), "\(people.out)")
        let machines = CommandRun("leads", "setup", file, "--json", on: database)
        #expect(
          machines.out.contains(#"{"kind":"warning","key":"people","change":"warning","details":"with capacity 0"#))
      }
    }
  }

  @Test("rules with the same conditions for different branches are refused with both places")
  func contradiction() throws {
    try TestDatabase.with { database in
      _ = try load(Self.firm, on: database)
      let run = try load(
        #"{"rules": [{"region": "CN", "branch": "HQ"}, {"branch": "HQ"}, {"region": "CN", "branch": "GD"}]}"#,
        on: database)
      #expect(
        run.exit == .no && run.err.contains("rules[2]: contradiction") && run.err.contains("rules[0]"), "\(run.err)")
      #expect(try database.connect().rows("select from ruleset").count == 1)
    }
  }

  @Test("doctor tells of calendars in use that end or have ended")
  func doctor() throws {
    try TestDatabase.with { database in
      _ = try load(Self.firm, on: database)
      let session = try database.connect()
      #expect(CommandRun("doctor", "--json", on: database).out.contains("none that is used ends within 30 days"))
      try session.run(script: "update calendar set known_until = (now() at time zone 'UTC')::date + 30")
      #expect(CommandRun("doctor", "--json", on: database).out.contains("in 30 days"))
      try session.run(script: "update calendar set known_until = (now() at time zone 'UTC')::date - 1")
      let ended = CommandRun("doctor", on: database)
      #expect(ended.exit == .no && ended.out.contains("nobody who uses it is at work"), "\(ended.out)")
    }
  }

  @Test("a thousand people and ten thousand rules are loaded at once")
  func large() throws {
    let people = (0..<1000).map { #"{"code": "P\#($0)", "name": "p", "branch": "B"}"# }.joined(separator: ",")
    let rules = (0..<9999).map { #"{"source": "s\#($0)", "product": "fund", "branch": "B"}"# }.joined(separator: ",")
    try TestDatabase.with { database in
      let run = try load(
        """
        {"branches": [{"code": "B", "name": "b", "level": "city"}], "people": [\(people)], "rules": [\(rules), {"branch": "B"}]}
        """, on: database)
      #expect(run.exit == .done, "\(run.err)")
      #expect(run.out.contains("10000 of them") && run.out.contains("1000 of them"))
      #expect(try database.connect().rows("select from allocation_rule").count == 10_000)
    }
  }

  @Test("a directory may hold tables, whose rows are refused by file, line and field")
  func tables() throws {
    try TestDatabase.with { database in
      try temporaryFile("") { name in
        let folder = name + ".d"
        #expect(mkdir(folder, 0o700) == 0)
        func put(_ file: String, _ text: String) throws {
          try temporaryFile(text) { #expect(link($0, "\(folder)/\(file)") == 0) }
        }
        defer {
          for file in ["1-branches.csv", "2-people.csv", "3-rules.csv", "4.json"] { unlink("\(folder)/\(file)") }
          rmdir(folder)
        }
        try put("1-branches.csv", "\u{FEFF}code;name;level;catchUp\nHQ;总部;head-office;\nGD;广东;province;0\n")
        try put("2-people.csv", "code,name,branch,capacity,manager\nP1,王伟,GD,0,是\n\nP2,李娜,GD,,\n")
        try put("4.json", #"{"rules": [{"branch": "HQ"}]}"#)
        try put("3-rules.csv", "region,valueFrom,currency,branch\nCN-GD,500000,CNY,GD\nCN-ZZ,,,GD\n")
        let refused = CommandRun("leads", "setup", folder, on: database)
        #expect(
          refused.exit == .no && refused.err.contains("3-rules.csv: line 3, region: unknown-region"), "\(refused.err)")
        unlink("\(folder)/3-rules.csv")
        try put("3-rules.csv", "region,valueFrom,currency,branch\nCN-GD,500000,CNY,GD\nCN-BJ,,,XX\n")
        let unknown = CommandRun("leads", "setup", folder, on: database)
        #expect(unknown.err.contains("3-rules.csv: line 3, branch: unknown-branch"), "\(unknown.err)")
        unlink("\(folder)/3-rules.csv")
        try put("3-rules.csv", "region,valueFrom,currency,branch\nCN-GD,500000,CNY,GD\n")
        #expect(CommandRun("leads", "setup", folder, "--execute", on: database).exit == .done)
        let known = try FirmTables.read(try database.connect())
        #expect(known.people?.map(\.manager) == [true, false] && known.people?.map(\.capacity) == [0, nil])
        #expect(known.rules?.map(\.key) == ["region CN-GD, value from 500000.00 CNY", "any lead"])
        #expect(known.branches?.map(\.catchUp) == [0, 3])
      }
    }
  }
}
