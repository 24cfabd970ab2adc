import Contract
import TestKit
import Testing

@testable import track_calls

@Suite struct LockOrderTests {
  @Test("leads, then reminders: what is written locks in this order")
  func written() {
    #expect(breaches(CallChange.writes) == [])
    #expect(breaches(TendCallBacks.writes) == [])
    #expect(breaches(MarkOverlaps.writes) == [])
    let tables = CallChange.writes.flatMap { LockOrder.tables(in: $0.statement.sql.description) }
    #expect(tables.first == "call" && tables.contains("lead") && tables.last == "reminder")
  }

  private func breaches<State, Change>(_ writes: [Write<State, Change>]) -> [String] {
    LockOrder.breaches(
      writes.filter { $0.source == .changes }.map(\.statement) + writes.filter { $0.source == .state }.map(\.statement))
  }
}
