import Customers
import Postgres
import Testing
import Topics
import Values

@testable import keep_customers

/// Profiles in a database, with the worker's own rights.
@Suite struct ProfilesTests {
  private static let firm = """
    insert into branch (id, code, name, level) values (1, 'GZ', 'Guangzhou', 'city');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a'), (2, 'P2', 1, 'b');
    """

  private static let row: Statement = """
    select format('%s %s %s %s|%s %s %s|%s %s %s|%s %s %s|%s %s|%s %s %s %s|%s %s %s %s %s %s', code, version, status,
        number, name, other_names, email, language, birthday, level, risk_rating, assets_amount, assets_currency, assets_as_of,
        tags, consented, refused, consent_slots, consent_sources, branch_id, manager_id, unknown_branch, unknown_manager,
        confidential, flaws)
      || (select coalesce(string_agg(format(' %s %s %s', place, phone, kind), ',' order by place), '')
        from customer_phone p where p.customer_id = c.id)
      || (identity is not null)::text
    from customer c order by code
    """

  private static func full(_ version: Int64) -> CustomerProfile {
    profile("C1", version) {
      $0.number = "8800"
      $0.idNumber = "11010519491231002X"
      $0.name = #"王"小\明"#
      $0.otherNames = ["Wang, {Xiao}", "Old \"Name\"\\"]
      $0.phones = [.init("13812345678", kind: .mobile), .init("020-3888 1234"), .init("+8613812345678")]
      $0.email = "wang@example.com"
      $0.language = "zh-Hans"
      $0.birthday = "1949-12-31"
      $0.level = "gold"
      $0.riskRating = "C3"
      $0.assets = .init(Money("-1250000.1234", "CNY")!, asOf: told)
      $0.tags = ["vip", "margin, and \"more\"", "vip"]
      $0.consents = [
        .init(.call, .marketing, given: false, at: told, source: "a,b"),
        .init(.sms, .marketing, given: true, at: told, source: "app"),
      ]
      $0.branch = "GZ"
      $0.manager = "P2"
      $0.confidential = true
    }
  }

  @Test("every fact of a profile is in its row")
  func facts() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      #expect(try lane.take(ProfilesTests.full(1)) == ["kept"])
      #expect(
        try desk.lines(ProfilesTests.row) == [
          #"C1 1 active 8800|王"小\明 {"Wang, {Xiao}","Old \"Name\"\\"} wang@example.com|zh-Hans 1949-12-31 gold|"#
            + "C3 -1250000.1234 CNY|2026-09-21 14:13:20+00 "
            + #"{vip,"margin, and \"more\""}|4 2048 {2,11} {app,"a,b"}|1 2   t {}"#
            + " 0 8613812345678 mobile, 1 862038881234 true"
        ])
      #expect(
        try desk.lines("select format('%s %s %s %s', channel, purpose, given, source) from customer_consent order by 1")
          == ["call marketing f a,b", "sms marketing t app"])
      #expect(
        try desk.number("select count(*) from customer where consented & (1 << consent_slot('sms', 'marketing')) <> 0")
          == 1)
      #expect(try desk.number("select count(*) from customer where tags @> array['vip']") == 1)
    }
  }

  @Test("a version that says nothing new writes the version alone, whatever is changed is changed alone")
  func unchanged() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(ProfilesTests.full(1))
      let phones = try desk.lines("select xmin::text || ctid::text from customer_phone order by place")
      let changed = try desk.lines("select changed_at::text from customer")
      #expect(try lane.take(ProfilesTests.full(5)) == ["unchanged"])
      #expect(try desk.lines("select changed_at::text from customer") == changed)
      #expect(try desk.lines("select version::text from customer") == ["5"])
      guard case .profile(var said) = ProfilesTests.full(6) else { return }
      said.phones = [.init("13812345678", kind: .mobile), .init("13900000000", kind: .work)]
      #expect(try lane.take(.profile(said)) == ["kept"])
      let after = try desk.lines("select xmin::text || ctid::text from customer_phone order by place")
      #expect(after.count == 2 && after[0] == phones[0], "the first number stayed untouched")
      #expect(
        try desk.lines("select format('%s %s %s', place, phone, kind) from customer_phone order by place")
          == ["0 8613812345678 mobile", "1 8613900000000 work"])
      said.phones.swapAt(0, 1)
      said.customer = CustomerVersion(id: "C1", version: 7)
      try lane.take(.profile(said))
      #expect(
        try desk.lines("select format('%s %s %s', place, phone, kind) from customer_phone order by place")
          == ["0 8613900000000 work", "1 8613812345678 mobile"])
    }
  }

  @Test("a phone is stored with its region, and one that was stored before regions were gets it")
  func regions() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      guard case .profile(var said) = ProfilesTests.full(1) else { return }
      said.phones = [.init("020-3888 1234"), .init("+1 100 253 0000")]
      try lane.take(.profile(said))
      let regions: Statement = "select format('%s %s', phone, region) from customer_phone order by place"
      let stored = ["862038881234 CN-GD/Guangzhou", "11002530000 "]
      let found = try desk.lines(regions)
      #expect(found == stored)
      #expect(try lane.placePhones() == [])
      try desk.session.run(script: "update customer_phone set region = null")
      #expect(try lane.placePhones() == ["unknown", "placed"])
      #expect(try desk.lines(regions) == stored)
      #expect(try lane.placePhones() == [])
    }
  }

  @Test("a removal erases everything but code and version, and an older profile does not bring the customer back")
  func removed() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(ProfilesTests.full(1))
      #expect(try lane.take(removal("C1", 3), ProfilesTests.full(2)) == ["removed", "older"])
      #expect(try lane.take(ProfilesTests.full(2), removal("C2", 4)) == ["older", "removed"])
      #expect(
        try desk.lines(ProfilesTests.row)
          == [("C1", 3), ("C2", 4)].map { "\($0) \($1) removed | {} |  |  | {}|0 0 {} {}|    f {}false" })
      #expect(try desk.number("select count(*) from customer_phone") == 0)
      #expect(try lane.take(ProfilesTests.full(9)) == ["kept"])
      #expect(try desk.number("select count(*) from customer_phone") == 2)
    }
  }

  @Test("the row is the same in every order of arrival of up to four versions, however they come in batches")
  func everyOrder() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      func versions(_ code: String) -> [[CustomerProfile]] {
        func named(_ version: Int64, _ name: String, _ phone: String) -> CustomerProfile {
          profile(code, version) {
            $0.name = name
            $0.phones = [.init(phone), .init("+8613800000000")]
            $0.branch = name
          }
        }
        let all = [
          named(1, "GZ", "13911111111"), named(2, "nowhere", "13922222222"), named(3, "nowhere", "13922222222"),
          removal(code, 4), named(5, "GZ", "13911111111"),
        ]
        return [[0, 1, 2, 3], [0, 1, 3, 4], [1, 2, 4], [0, 1, 2], [1, 3], [0]].map { $0.map { all[$0] } }
      }
      var number = 0
      for set in 0..<versions("").count {
        var rows: Set<String> = []
        for order in permutations(versions("")[set].count) {
          for cut in 0...order.count {
            number += 1
            let events = versions("N\(number)")[set]
            let ordered = order.map { events[$0] }
            try lane.take(Array(ordered[..<cut]))
            try lane.take(Array(ordered[cut...]))
            let found = try desk.lines(ProfilesTests.row)
            try desk.session.run(script: "delete from customer_phone; delete from customer")
            #expect(found.count == 1)
            rows.insert(found.joined().replacing("N\(number) ", with: ""))
          }
        }
        #expect(rows.count == 1, "versions \(set): \(rows)")
      }
      #expect(number == 296)
    }
  }

  @Test("two lanes with one customer at once: the newer version stands, whoever comes second")
  func twoLanes() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lanes = [try desk.lane(), try desk.lane()]
      for (first, second) in [(1, 2), (2, 1)] as [(Int64, Int64)] {
        try desk.session.run(script: "delete from customer")
        let later = Background { try lanes[1].takeAgain(profile("C", second) { $0.name = "\(second)" }) }
        try lanes[0].take(profile("C", first) { $0.name = "\(first)" }) {
          later.start()
          waitForLock(desk)
        }
        try later.wait()
        #expect(try desk.lines("select version || name from customer") == ["22"])
      }
    }
  }

  @Test("a code that nobody has is kept, and resolved once somebody has it")
  func resolved() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(profile("C1", 1) { ($0.branch, $0.manager) = ("SZ", "P9") }, profile("C2", 1) { $0.branch = "GZ" })
      #expect(try lane.resolve() == [])
      let place: Statement = """
        select format('%s %s %s %s', branch_id, manager_id, unknown_branch, unknown_manager) from customer order by code
        """
      #expect(try desk.lines(place) == ["  SZ P9", "1   "])
      try desk.session.run(script: "insert into branch (id, code, name, level) values (7, 'SZ', 'Shenzhen', 'city')")
      #expect(try lane.resolve().count == 1)
      #expect(try desk.lines(place) == ["7   P9", "1   "])
      try desk.session.run(script: "insert into person (id, code, branch_id, name) values (9, 'P9', 7, 'i')")
      #expect(try lane.resolve().count == 1)
      #expect(try desk.lines(place) == ["7 9  ", "1   "])
      #expect(try lane.resolve() == [])
      // What is unchanged stays resolved; the same code is found at once by the next profile.
      #expect(try lane.take(profile("C1", 2) { ($0.branch, $0.manager) = ("SZ", "P9") }) == ["unchanged"])
      try lane.take(profile("C3", 1) { $0.branch = "SZ" })
      #expect(try desk.lines(place) == ["7 9  ", "1   ", "7   "])
    }
  }

  @Test("a lane with another key for ID numbers is told so, and neither number nor key is anywhere")
  func anotherKey() async throws {
    try await Desk.open(ProfilesTests.firm) { desk in
      try desk.lane().take(ProfilesTests.full(1))
      let other = IdentityKey(.init(String(repeating: "x", count: 32)))
      let error = #expect(throws: PostgresError.self) { try desk.lane(key: other).take(ProfilesTests.full(2)) }
      #expect(error?.kind == .setup)
      for table in ["customer", "customer_phone", "lead", "seen_event", "outbox", "identity_key", "dead_letter"] {
        try desk.session.run(script: "create temp view seen as select to_jsonb(t)::text as text from \(table) t")
        #expect(try desk.number("select count(*) from seen where text like '%11010519491231002%'") == 0)
        try desk.session.run(script: "drop view seen")
      }
    }
  }

  /// Customers and phones are cut into stretches of 125 and then 500: here within a customer's three phones.
  @Test("what is written in several stretches is what one statement would have written, for new, changed and removed")
  func stretches() async throws {
    try await Desk.open { desk in
      let lane = try desk.lane()
      let all = 0..<700
      func phone(_ customer: Int, _ place: Int) -> String { "+86138\(10_000_000 + customer * 10 + place)" }
      func said(_ customer: Int, _ version: Int64, _ places: [Int]) -> CustomerProfile {
        profile("C\(1_000 + customer)", version) { $0.phones = places.map { .init(phone(customer, $0)) } }
      }
      try lane.take(all.map { said($0, 1, [0, 1, 2]) })
      // A third turns its phones about, a third has another instead of one, a third is removed.
      try lane.take(
        all.map { customer in
          switch customer % 3 {
          case 0: said(customer, 2, [2, 1, 0])
          case 1: said(customer, 2, [0, 3, 2])
          default: removal("C\(1_000 + customer)", 2)
          }
        })
      let expected = all.map { customer in
        let places = [[2, 1, 0], [0, 3, 2], []][customer % 3].map { phone(customer, $0).dropFirst() }
        return "C\(1_000 + customer) 2 \(places.joined(separator: ","))"
      }
      let found = try desk.lines(
        """
        select format('%s %s %s', c.code, c.version, string_agg(p.phone::text, ',' order by p.place))
        from customer c left join customer_phone p on p.customer_id = c.id group by c.id order by c.code
        """)
      #expect(found == expected)
    }
  }
}

private func permutations(_ count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  return permutations(count - 1).flatMap { rest in
    (0...rest.count).map { Array(rest[..<$0]) + [count - 1] + rest[$0...] }
  }
}
