import Contract
import Postgres
import TestKit
import Testing

@testable import reclaim_leads

/// The order of locks, in what the worker writes: what is sent of each change first, then what all of them come to.
@Suite struct LockOrderTests {
  @Test("leads, branches, people, reminders: what is written locks in this order")
  func written() {
    #expect(breaches(LifeChange.writes) == [])
    #expect(breaches(ReclaimDueLeads.writes) == [])
    let tables = ReclaimDueLeads.writes.flatMap { LockOrder.tables(in: $0.statement.sql.description) }
    #expect(tables == ["lead", "branch_load", "branch_load", "person_load", "reminder"])
  }

  @Test("a statement that comes too late is noticed")
  func noticed() {
    #expect(
      LockOrder.breaches(["update person_load set turn = 1", "select from branch_load where branch_id = 1 for update"])
        == ["branch_load after person_load"])
    #expect(LockOrder.breaches(["select cancel_reminders($1)", "update lead l set id = 1"]) == ["lead after reminder"])
  }

  private func breaches<State, Change>(_ writes: [Write<State, Change>]) -> [String] {
    LockOrder.breaches(
      writes.filter { $0.source == .changes }.map(\.statement) + writes.filter { $0.source == .state }.map(\.statement))
  }
}
