import Testing
import Topics

@testable import keep_customers

/// Customers who are given to another manager.
@Suite struct MoveTests {
  private static let firm = """
    insert into branch (id, code, name, level) values (1, 'HQ', 'h', 'head-office');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a'), (2, 'P2', 1, 'b'), (3, 'P3', 1, 'c');
    """

  @Test("a move gives a customer on once, and tells the receiver once a transfer; who has another manager by now stays")
  func moves() async throws {
    try await Desk.open(MoveTests.firm) { desk in
      let lane = try desk.lane()
      try lane.take(
        (1...3).map { number in profile("C\(number)", 1) { $0.manager = number == 3 ? "P3" : "P1" } })
      try desk.session.run(
        script: """
          insert into customer_move (customer_id, giver_id, receiver_id, transfer_id)
          select id, 1, 2, 7 from customer
          """)
      #expect(try lane.move().sorted() == ["gone", "moved", "moved"])
      #expect(try lane.move() == [])
      #expect(try desk.lines("select manager_id::text from customer order by code") == ["2", "2", "3"])
      #expect(try desk.lines("select outcome from customer_move order by customer_id") == ["moved", "moved", "gone"])
      #expect(try desk.lines("select kind || ' ' || assignee_id from reminder") == ["leads-transferred 2"])
    }
  }

  @Test("a profile that names the former manager again brings nobody back; one that names another has the last word")
  func lastWord() async throws {
    try await Desk.open(MoveTests.firm) { desk in
      let lane = try desk.lane()
      func tell(_ version: Int64, _ manager: String?) throws {
        try lane.take(
          profile("C1", version) { profile in
            profile.manager = manager
            profile.name = "version \(version)"
          })
      }
      func manager() throws -> [String] {
        try desk.lines("select format('%s %s', manager_id, unknown_manager) from customer")
      }
      try tell(1, "P1")
      try desk.session.run(
        script: "insert into customer_move (customer_id, giver_id, receiver_id) select id, 1, 2 from customer")
      try lane.move()
      #expect(try manager() == ["2 "])
      try tell(2, "P1")
      #expect(try manager() == ["2 "])
      try tell(3, "P3")
      #expect(try manager() == ["3 "])
      try tell(4, "P1")
      #expect(try manager() == ["1 "])
      try tell(5, "nobody")
      #expect(try manager() == [" nobody"])
      try tell(6, nil)
      #expect(try manager() == [" "])
    }
  }
}
