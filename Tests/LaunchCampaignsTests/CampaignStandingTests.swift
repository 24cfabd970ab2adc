import Campaigns
import Testing
import Values

@testable import launch_campaigns

/// Which step of a campaign's life is due.
@Suite struct CampaignStandingTests {
  private func step(
    _ state: CampaignStanding.State, started: Bool = true, expired: Bool = false, expanded: Bool = true,
    open: Bool = true
  ) -> CampaignStep? {
    CampaignStanding(
      id: 1, name: "spring", owner: 1, state: state, hasStarted: started, hasExpired: expired, isExpanded: expanded,
      isOpen: open
    ).step(nil, unreadable: nil)
  }

  @Test("it begins when its time has come, ends when it has expired, and is finished when nobody is open")
  func life() {
    #expect(step(.scheduled, started: false) == nil)
    #expect(step(.scheduled) == .start)
    #expect(step(.running) == nil)
    #expect(step(.running, expanded: false, open: false) == nil)
    #expect(step(.running, open: false) == .finish)
    #expect(step(.paused, open: false) == nil)
    for state in [CampaignStanding.State.scheduled, .running, .paused] { #expect(step(state, expired: true) == .close) }
    #expect(step(.closed, expired: true) == nil)
    #expect(step(.closed, expired: true, open: false) == .finish)
    #expect(step(.cancelled) == nil)
    #expect(step(.cancelled, expanded: false) == .stop)
    #expect(step(.cancelled, expanded: false, open: false) == .settle)
    #expect(step(.cancelled, expired: true, open: false) == .settle)
  }

  @Test("it pauses itself past its share of those that were sent, once so many were, and once for each of both")
  func guarded() throws {
    let plan = try CampaignDefinition(
      reading: CampaignDesk.definition(more: #", "pauseAt": {"failures": 5, "complaints": 0.3, "after": 200}"#))
    func step(_ sent: Int64, _ failed: Int64, _ complaints: Int64, _ known: Set<CampaignStanding.PauseCause> = [])
      -> String?
    {
      let standing = CampaignStanding(
        id: 1, name: "spring", owner: 1, state: .running, hasStarted: true, hasExpired: false, isExpanded: true,
        isOpen: true,
        sent: sent, failed: failed, complaints: complaints, pausedFor: known)
      return standing.step(plan, unreadable: nil)?.note
    }
    #expect(step(199, 199, 199) == nil)
    #expect(step(200, 10, 0) == nil)
    #expect(step(200, 11, 0) == "failures: 11 of 200 that were sent, which is more than 5 %")
    #expect(step(1000, 0, 3) == nil)
    #expect(step(1000, 0, 4) == "complaints: 4 of 1000 that were sent, which is more than 0.3 %")
    #expect(step(1000, 100, 4, [.failures]) == "complaints: 4 of 1000 that were sent, which is more than 0.3 %")
    #expect(step(1000, 100, 4, [.failures, .complaints]) == nil)
  }

  @Test("one whose definition cannot be read any more is paused, each time")
  func unreadable() {
    let standing = CampaignStanding(
      id: 1, name: "spring", owner: 1, state: .running, hasStarted: true, hasExpired: false, isExpanded: true,
      isOpen: true,
      pausedFor: [.definition])
    let refusal = Refusal("missing", at: "name", "the field is required")
    #expect(standing.step(nil, unreadable: refusal)?.note == "definition: name: missing: the field is required")
  }
}
