import Digest
import Postgres
import ServiceLog
import Settings
import TestKit
import Testing
import Values

@testable import keep_service_log
@testable import millrace

extension LogDesk {
  /// What the command answered and printed.
  func command(_ words: String...) -> (exit: Exit, out: String, err: String) {
    var out = ""
    var err = ""
    let output = Output(out: { out += $0 }, err: { err += $0 })
    let exit = Millrace.run(words, Environment(["DATABASE_URL": database.conninfo]), output)
    return (exit, out, err)
  }

  /// Three blocks of ten entries, the last with an action, and a day that is closed.
  func chain() throws {
    try session.run(
      script: """
        insert into lead_history (lead_id, version, at, what, branch_id, worker)
        select 100, 1, now() - interval '30 hours', 'held', 2, 'allocate-leads'
        """)
    try history(1...3)
    try record()
    try history(4...6)
    try record()
    try history(7...8)
    try session.run(
      script: """
        insert into service_action (at, what, subject_kind, subject, worker, authority) values
          (now(), 'called', 'lead', '7', 'track-calls', 'call')
        """)
    try record()
    while try close() > 0 {}
  }
}

@Suite struct ChainTests {
  @Test("commitments and hashes are what the documentation says, byte by byte")
  func form() {
    let entry = ServiceEntry(
      number: 7, at: Timestamp(microseconds: 0), organisation: "深圳", day: "1970-01-01",
      ServiceEntry.Content(what: "noted", subjectKind: "lead", subject: "12", authority: "own-login"),
      salt: [UInt8](0..<16))
    // Made with Python's hmac and hashlib.
    #expect(
      Hex.digits(entry.commitment)
        == "6380b60293db681eb5dd1eb26fc4e7795b60d09e8e548b384fd36594a96c3226")
    let block = ServiceBlock(
      number: 1, epoch: 0, first: 7, at: Timestamp(microseconds: 0),
      counts: [ServiceBlock.Count(organisation: "深圳", day: "1970-01-01", entries: 1)], commitments: entry.commitment,
      previous: ServiceBlock.start)
    #expect(Hex.digits(block.hash) == "5ab9b76e67f68fd57547451f07a1ea01bbc68a5cede0d86c532b8679686ca3a4")
  }

  @Test("a chain that nobody touched is found whole, against its sources and against what was told")
  func whole() throws {
    try LogDesk.open { desk in
      try desk.chain()
      let anchor = try desk.lines(
        "select format('%s/%s', number, encode(hash, 'hex')) from service_block where number = 2")[0]
      let run = desk.command("service-log", "verify", "--sources", "--anchor", anchor, "--json")
      #expect(run.exit == .done, "\(run.out)\(run.err)")
      #expect(run.out.contains(#""blocks":3,"entries":10,"erased":0"#), "\(run.out)")
      #expect(run.out.contains(#""faults":[]"#))
    }
  }

  static let deeds: [(deed: String, fault: String)] = [
    ("update service_log set owner = 'P2' where number = 5", "entry 5 was changed"),
    ("update service_log set salt = decode(repeat('00', 16), 'hex') where number = 5", "entry 5 was changed"),
    ("update service_log set at = at + interval '1 second' where number = 1", "entry 1 was changed"),
    ("update service_log set day = day + 1 where number = 2", "entry 2 was changed"),
    ("delete from service_log where number = 4", "entry 4 is gone, and no erasure took it"),
    ("update service_block set at = at + interval '1 us' where number = 1", "block 1 is not what its hash says"),
    (
      "update service_block set commitments = set_byte(commitments, 0, get_byte(commitments, 0) # 1) where number = 2",
      "block 2 is not what its hash says"
    ),
    ("update service_block set counts = '{9}' where number = 2", "block 2 counts other entries than it has"),
    ("update service_block set hash = decode(repeat('00', 32), 'hex') where number = 1", "block 2 does not follow"),
    ("delete from service_block where number = 2", "block 3 comes after block 1"),
    (
      "insert into service_log (number, at, organisation, day, what, subject_kind, subject, authority, salt) "
        + "select 0, at, organisation, day, what, subject_kind, subject, authority, salt from service_log where number = 2",
      "1 entries belong to no block"
    ),
    ("update service_day set entries = entries + 1 where organisation = 'GZ'", "was told as"),
    ("update service_day set hash = decode(repeat('00', 32), 'hex') where organisation = 'GZ'", "another hash"),
    (
      "delete from service_log where number = 4; insert into privacy_erasure (subject_kind, subject, reason, entries) "
        + "values ('lead', '3', 'x', '{4}')",
      "erasure 1 is not in the log as the table has it"
    ),
    ("update lead_history set reason = 'other' where lead_id = 100", "version 1 of lead 100 is not what entry 1 says"),
    ("update lead_history set version = 9 where lead_id = 4", "version 9 of lead 4 is not in the log"),
    (
      "alter table service_action disable trigger all; insert into service_action (at, what, subject_kind, subject, worker, "
        + "authority) values (now(), 'x', 'lead', '1', 'y', 'z')",
      "action 2 is not in the log"
    ),
  ]

  @Test("whatever was changed later is found and named", arguments: deeds.indices)
  func changed(index: Int) throws {
    try LogDesk.open { desk in
      try desk.chain()
      try desk.session.run(script: Self.deeds[index].deed)
      let run = desk.command("service-log", "verify", "--sources")
      #expect(run.exit == .no)
      #expect(run.out.contains(Self.deeds[index].fault), "\(run.out)\(run.err)")
    }
  }

  @Test("a chain that was made anew as a whole differs from what was told, and so does one that was cut")
  func anchored() throws {
    try LogDesk.open { desk in
      try desk.chain()
      let told = try desk.lines(
        "select format('%s/%s', number, encode(hash, 'hex')) from service_block order by number")
      try desk.session.run(
        script: """
          truncate service_log, service_block, service_day, service_due;
          insert into service_due (lead_ids, lead_versions) select array_agg(lead_id), array_agg(version) from lead_history;
          insert into service_due (actions) select array_agg(id) from service_action
          """)
      while try desk.record(5) > 0 {}
      #expect(desk.command("service-log", "verify", "--sources").exit == .done)
      let anew = desk.command("service-log", "verify", "--anchor", told[1])
      #expect(anew.exit == .no)
      #expect(anew.out.contains("block 2 is not the one that was told"))
      try desk.session.run(script: "delete from service_block where number = 3")
      #expect(desk.command("service-log", "verify", "--anchor", told[2]).out.contains("the chain was cut"))
    }
  }

  @Test("doctor says when the log is behind, and when days stay open")
  func doctor() throws {
    try LogDesk.open { desk in
      try desk.chain()
      #expect(desk.command("doctor").out.contains("service log  is 0 actions behind"), "\(desk.command("doctor").out)")
      try desk.history(50...52)
      #expect(desk.command("doctor").out.contains("is 3 actions behind"))
      try desk.session.run(
        script: """
          update service_due set at = at - interval '16 minutes'; update service_day set day = day - 4
          """)
      let late = desk.command("doctor").out
      #expect(late.contains("3 actions wait to be recorded, the oldest for 16.0 minutes"), "\(late)")
      #expect(late.contains("no day was closed for"), "\(late)")
    }
  }

  @Test("an export has the day's entries, and every block up to what the day's markers told")
  func export() throws {
    try LogDesk.open { desk in
      try desk.chain()
      let day = try desk.lines("select min(day)::text from service_log")[0]
      let run = desk.command("service-log", "export", "--day", day)
      #expect(run.exit == .done, "\(run.err)")
      let kinds = run.out.split(separator: "\n").map { $0.split(separator: "\"")[3] }
      #expect(kinds.filter { $0 == "day" }.count >= 1)
      #expect(kinds.filter { $0 == "entry" }.count == 1)
      #expect(kinds.filter { $0 == "block" }.count == 3)
      #expect(desk.command("service-log", "export", "--day", "2026-02-30").exit == .usage)
      #expect(desk.command("service-log", "export").exit == .usage)
    }
  }
}
