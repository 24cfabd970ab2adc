import LeadClock
import Postgres
import TestKit
import Testing
import Values

/// Which policy counts, and what contact does.
@Suite struct LeadClockTests {
  private static func with(_ policies: String, _ body: @escaping @Sendable (Transaction) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        try session.run(
          script: """
            insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'),
              (2, 'GD', 'g', 1, 'province'), (3, 'SZ', 's', 2, 'city'), (4, 'BJ', 'b', 1, 'province');
            \(policies)
            """)
        try session.run(script: "begin")
        try body(Transaction(open: session))
      }
    }
  }

  private static func time(_ text: String) -> Timestamp {
    guard let time = Timestamp(rfc3339: Array(text.utf8)) else { preconditionFailure("\(text) is no time") }
    return time
  }

  /// 10:00 on Monday in Shanghai.
  private static let monday = time("2026-03-02T02:00:00Z")

  private static func days(_ branch: Int64, _ product: String?, _ level: String?, _ transaction: Transaction) throws
    -> Int64
  {
    let run = LeadClock.Run(beginning: monday, at: .init(branch: branch, product: product, level: level))
    let found = try #require(try LeadClock.running([run], now: monday, transaction)[0])
    return (found.until.microseconds - monday.microseconds) / 86_400_000_000
  }

  @Test("the nearest branch above counts first, then product, then level; without any policy it is seven days")
  func nearest() async throws {
    try await LeadClockTests.with(
      """
      delete from protection_policy;
      insert into protection_policy (branch_id, product, level, period_days) values (1, null, null, 10),
        (1, 'fund', null, 11), (1, null, 'gold', 12), (2, null, null, 20), (2, null, 'gold', 21), (2, 'fund', null, 22),
        (2, 'fund', 'gold', 23), (3, null, 'gold', 30)
      """
    ) { transaction in
      let table: [(Int64, String?, String?, Int64)] = [
        (1, nil, nil, 10), (1, "fund", nil, 11), (1, "margin", "gold", 12), (4, nil, nil, 10), (4, "fund", "gold", 11),
        (2, nil, nil, 20), (2, nil, "gold", 21), (2, "fund", nil, 22), (2, "fund", "gold", 23), (2, "x", "y", 20),
        (3, nil, nil, 20), (3, nil, "gold", 30), (3, "fund", nil, 22), (3, "fund", "gold", 30),
      ]
      for (branch, product, level, days) in table {
        let found = try LeadClockTests.days(branch, product, level, transaction)
        #expect(found == days, "\(branch) \(product ?? "-") \(level ?? "-")")
      }
    }
    try await LeadClockTests.with("delete from protection_policy") { transaction in
      let found = try LeadClockTests.days(3, "fund", nil, transaction)
      #expect(found == 7)
    }
    try await LeadClockTests.with("update protection_policy set period_days = 0") { transaction in
      let found = try LeadClockTests.days(3, nil, nil, transaction)
      #expect(found == 0)
    }
  }

  @Test("a contact extends by its own length, never beyond the hard maximum from when the lead was given")
  func contact() async throws {
    try await LeadClockTests.with(
      "update protection_policy set period_days = 7, extension_days = 5, maximum_days = 9"
    ) { transaction in
      let place = LeadClock.Place(branch: 3, product: nil)
      let table: [(contact: String, until: String)] = [
        ("2026-03-02T03:00:00Z", "2026-03-07T16:00:00Z"), ("2026-03-05T03:00:00Z", "2026-03-10T16:00:00Z"),
        ("2026-03-06T03:00:00Z", "2026-03-11T16:00:00Z"), ("2026-03-09T03:00:00Z", "2026-03-11T16:00:00Z"),
      ]
      let runs = table.map {
        LeadClock.Run(contact: LeadClockTests.time($0.contact), since: LeadClockTests.monday, at: place)
      }
      let found = try LeadClock.running(runs, now: LeadClockTests.monday, transaction)
      #expect(found.map { $0?.until } == table.map { LeadClockTests.time($0.until) })
    }
    try await LeadClockTests.with("update protection_policy set period_days = 7, maximum_days = 3") { transaction in
      let found = try LeadClockTests.days(1, nil, nil, transaction)
      #expect(found == 3, "the maximum binds the first period too")
    }
  }

  @Test("the first reminder is the next rung of the ladder that is still to come; the last morning is one of them")
  func ladder() async throws {
    try await LeadClockTests.with(
      "insert into branch (id, code, name, level, day_end) values (9, 'D', 'd', 'city', '18:00'), (10, 'E', 'e', 'city', '08:00')"
    ) {
      transaction in
      let place = LeadClock.Place(branch: 3, product: nil)
      let run = LeadClock.Run(beginning: LeadClockTests.monday, at: place)
      // Ends 2026-03-09 24:00 in Shanghai.
      let table: [(now: String, check: String?)] = [
        ("2026-03-02T02:00:00Z", "2026-03-06T16:00:00Z"), ("2026-03-06T16:00:00Z", "2026-03-08T16:00:00Z"),
        ("2026-03-08T16:00:00Z", "2026-03-09T01:00:00Z"), ("2026-03-09T01:00:00Z", nil),
        ("2026-03-20T00:00:00Z", nil),
      ]
      for (now, check) in table {
        let found = try #require(try LeadClock.running([run], now: LeadClockTests.time(now), transaction)[0])
        #expect(found.checkAt == check.map(LeadClockTests.time), "at \(now)")
      }
      let early = LeadClock.Run(beginning: LeadClockTests.monday, at: LeadClock.Place(branch: 9, product: nil))
      let last = try LeadClock.running([early], now: LeadClockTests.time("2026-03-08T11:00:00Z"), transaction)[0]
      #expect(last?.checkAt == LeadClockTests.time("2026-03-09T01:00:00Z"), "09:00 of the day that ends at 18:00")
      let earlier = LeadClock.Run(beginning: LeadClockTests.monday, at: LeadClock.Place(branch: 10, product: nil))
      let none = try LeadClock.running([earlier], now: LeadClockTests.time("2026-03-08T11:00:00Z"), transaction)[0]
      #expect(none?.until == LeadClockTests.time("2026-03-09T00:00:00Z"))
      #expect(none?.checkAt == nil, "the day ends at 08:00, before its last morning")
    }
    try await LeadClockTests.with("update protection_policy set reminder_days = '{}', last_morning = null") {
      transaction in
      let run = LeadClock.Run(beginning: LeadClockTests.monday, at: LeadClock.Place(branch: 3, product: nil))
      let found = try LeadClock.running([run], now: LeadClockTests.monday, transaction)[0]
      #expect(found?.checkAt == nil)
    }
  }

  @Test("leads that begin together have one clock a place, and allocation's older question the same answer")
  func together() async throws {
    try await LeadClockTests.with("insert into protection_policy (product, period_days) values ('fund', 2)") {
      transaction in
      let places = [LeadClock.Place(branch: 2, product: nil), .init(branch: 3, product: "fund", level: "gold")]
      let found = try transaction.ask(LeadClock.beginning(at: places))
      #expect(found.count == 2)
      let older = try transaction.rows(
        """
        select protected_until from protection_deadlines('{2,3}', '{null,fund}', statement_timestamp()) order by branch_id
        """)
      #expect(older.map { $0.timestamp(0) } == places.map { found[$0]?.protection.until })
    }
  }
}
