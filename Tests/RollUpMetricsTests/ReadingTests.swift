import Campaigns
import Testing

@testable import roll_up_metrics

@Suite struct ReadingTests {
  @Test("a message of a campaign is known by its name, and nothing else is taken for one")
  func names() {
    #expect(CampaignMessageID("12/3407/1") == CampaignMessageID(campaign: 12, subject: 3407, place: 1))
    #expect(CampaignMessageID(campaign: 12, subject: 3407, place: 1).text == "12/3407/1")
    for other in [
      "", "12/3407", "12/3407/", "/3407/0", "12//0", "12/3407/0/1", "12/-3/0", "a/1/0", "1/1/0 ",
      "1/1234567890123456789/0",
    ] {
      #expect(CampaignMessageID(other) == nil, "\(other)")
    }
  }
}
