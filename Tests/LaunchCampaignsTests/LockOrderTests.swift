import Contract
import TestKit
import Testing

@testable import launch_campaigns

/// The order of locks, in what the worker writes.
@Suite struct LockOrderTests {
  @Test("campaigns, recipients, messages and tasks, and counts after all that others wait for")
  func order() {
    #expect(tables(LaunchCampaigns.writes) == ["campaign", "campaign_recipient", "campaign_count", "campaign_count"])
    #expect(tables(TendCampaigns.writes) == ["campaign", "campaign_range", "reminder"])
    #expect(tables(FallBack.writes) == ["campaign_recipient", "task", "campaign_count", "campaign_count"])
    #expect(
      tables(TendTasks.writes)
        == ["campaign_recipient", "task", "reminder", "reminder", "campaign_count", "campaign_count"])
    #expect(
      tables(ExpandCampaigns.writes) == [
        "campaign", "campaign_range", "campaign", "campaign_range", "campaign", "campaign", "reminder",
        "campaign_count", "campaign_count",
      ])
    #expect(tables(MakeOccasions.writes) == ["campaign", "reminder"])
    #expect(tables(JoinCampaigns.writes).first == "campaign")
    #expect(tables(WithdrawMessages.writes) == ["message"])
  }

  private func tables<State, Change>(_ writes: [Write<State, Change>]) -> [String] {
    let sent = writes.filter { $0.source == .changes } + writes.filter { $0.source == .state }
    return sent.flatMap { LockOrder.tables(in: $0.statement.sql.description) }
  }
}
