import Postgres
import Testing

@testable import launch_campaigns

/// An audience is gone through in ranges of its numbers, which lanes share.
@Suite struct RangeTests {
  @Test("ranges leave no number out and have none twice, wherever numbers are given")
  func cut() {
    let given: [ClosedRange<Int64>?] = [
      nil, 1...1, 1...24_999, 1...50_000, 1...5_000_001, 7_000_000_123...7_000_060_124, 1...Int64.max - 1,
    ]
    for start: Int64 in [0, 5, 30_000, 8_000_000_000] {
      for given in given {
        let ranges = CampaignRange.cut(3, after: start, given: given)
        #expect(ranges.first?.reached == start && ranges.last?.until == .max)
        #expect(ranges.map(\.number) == Array(0..<Int32(ranges.count)))
        #expect(ranges.allSatisfy { $0.reached < $0.until && $0.campaign == 3 })
        for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.until == next.reached) }
      }
    }
    func count(_ given: ClosedRange<Int64>?) -> Int { CampaignRange.cut(1, after: 0, given: given).count }
    #expect(count(nil) == 1 && count(1...24_999) == 1 && count(1...50_000) == 2 && count(1...5_000_000) == 64)
    // As far as anybody knows where they are, they are of one size.
    #expect(count(7_000_000_001...7_000_100_000) == 4)
  }

  private static let three = """
    insert into campaign_range (campaign_id, number, reached, until) values (1, 0, 0, 4), (1, 1, 4, 8), (1, 2, 8, 9223372036854775807)
    """

  private func opened(_ body: @escaping @Sendable (CampaignDesk) throws -> Void) async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      try desk.session.run(script: Self.three)
      try body(desk)
    }
  }

  private static let ranges: Statement = "select format('%s %s', number, reached) from campaign_range order by number"

  @Test("who works on a range keeps nobody off the others, and nobody works on it beside them")
  func shared() async throws {
    try await opened { desk in
      try desk.session.run(script: "begin; select from campaign_range where number = 0 for update")
      #expect(try desk.expand() == ["skipped", "skipped", "queued", "skipped", "range"])
      try desk.session.run(script: "commit")
      #expect(try desk.lines(Self.ranges) == ["0 0", "2 8"])
      try desk.session.run(script: "begin; select from campaign_range for update")
      #expect(try desk.expand() == [])
      try desk.session.run(script: "commit")
      while try !desk.expand(2).isEmpty {}
      #expect(try desk.lines(ExpansionTests.recipients) == ExpansionTests.everybody)
      #expect(try desk.state(1) == "running expanded" && desk.lines(Self.ranges) == [])
    }
  }

  @Test("a campaign is expanded with its last range, and not before, whoever ends it in which order")
  func last() async throws {
    try await opened { desk in
      #expect(try desk.expand().last == "range")
      #expect(try desk.state(1) == "running")
      // Another lane ends the last but one while this one works on the last.
      try desk.session.run(script: "begin; select from campaign_range where number = 1 for update")
      desk.meanwhile = { try desk.session.run(script: "delete from campaign_range where number = 1; commit") }
      #expect(try desk.expand().last == "range")
      #expect(try desk.state(1) == "running expanded")
    }
  }

  private static func refusal(_ script: String, _ session: Connection) -> String? {
    do throws(PostgresError) { try session.run(script: script) } catch { return error.sqlState }
    return nil
  }

  @Test("two lanes that end the last two ranges do so one after the other, so that one of them sees that all is done")
  func oneAfterTheOther() async throws {
    try await opened { (desk: CampaignDesk) throws in
      for _ in 0..<3 {
        var refusal: String?
        desk.beforeCommit = { refusal = Self.refusal("select from campaign for update nowait", desk.session) }
        #expect(try desk.expand().last == "range")
        // lock_not_available
        #expect(refusal == "55P03")
      }
      #expect(try desk.state(1) == "running expanded")
    }
  }

  @Test("a page that does not begin where its range stands counts for nothing")
  func moved() async throws {
    try await opened { desk in
      for limit in [2, 1000] {
        desk.meanwhile = { _ = try desk.lane.rows("update campaign_range set reached = reached + 1") }
        #expect(throws: PostgresError.changedMeanwhile) { try desk.expand(limit) }
        #expect(try desk.lines("select count(*)::text from campaign_recipient") == ["0"])
      }
      while try !desk.expand(2).isEmpty {}
      #expect(try desk.lines(ExpansionTests.recipients) == ExpansionTests.everybody)
    }
  }

  @Test("only one lane begins, and one that began before there were ranges goes on behind those who have a row")
  func begun() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      try desk.session.run(
        script: """
          update campaign set expanded_to = 7;
          begin; select pg_advisory_xact_lock(hashtextextended('millrace expand campaign 1', 0))
          """)
      #expect(try desk.expand() == [])
      try desk.session.run(script: "commit")
      #expect(try desk.expand() == ["begun"])
      #expect(try desk.lines(Self.ranges) == ["0 7"])
      #expect(try desk.expand().last == "range")
      #expect(try desk.lines(ExpansionTests.recipients) == Array(ExpansionTests.everybody.suffix(4)))
    }
  }

  @Test("whoever comes while the last range is gone through is met by it")
  func newcomers() async throws {
    try await opened { desk in
      #expect(try desk.expand().last == "range" && desk.expand().last == "range")
      try desk.session.run(
        script: """
          insert into customer (id, code, version, data, status, name, language, level, branch_id, changed_at)
          values (900000, 'C-900000', 1, gen_random_uuid(), 'active', 'N', 'en-GB', 'gold', 2, now())
          """)
      while try !desk.expand(2).isEmpty {}
      #expect(try desk.lines(ExpansionTests.recipients).last == "900000 skipped no-address ")
    }
  }

  @Test("a campaign that ends before it is expanded leaves no ranges behind")
  func ended() async throws {
    try await opened { desk in
      #expect(try desk.expand(2).last == "page")
      try desk.session.run(script: "update campaign set state = 'cancelled', reason = 'wrong price'")
      #expect(try desk.tend() == ["stopped"] && desk.expand() == [])
      #expect(try desk.lines(Self.ranges).count == 3)
      try desk.session.run(script: "update campaign_recipient set is_open = false")
      #expect(try desk.tend() == ["settled"] && desk.lines(Self.ranges) == [])
    }
  }
}
