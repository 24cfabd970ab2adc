import Contract
import TestKit
import Testing

@testable import keep_customers

@Suite struct LockOrderTests {
  @Test("customers and leads, branches, people, reminders: what is written locks in this order")
  func written() {
    #expect(breaches(CustomerChange.writes) == [])
    #expect(breaches(MoveCustomers.writes) == [])
    #expect(breaches(PlacePhones.writes) == [])
  }

  private func breaches<State, Change>(_ writes: [Write<State, Change>]) -> [String] {
    LockOrder.breaches(
      writes.filter { $0.source == .changes }.map(\.statement) + writes.filter { $0.source == .state }.map(\.statement))
  }
}
