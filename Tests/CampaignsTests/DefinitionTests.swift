import Campaigns
import Testing
import Values

@Suite struct DefinitionTests {
  static let least = """
    {"name": "spring", "title": "Spring bonds", "objective": "cross-sell", "branch": "SH", "purpose": "marketing",
     "audience": {"customers": "level = gold"}, "channels": [{"channel": "sms", "template": "spring"}],
     "expires": "2027-03-31T18:00:00+08:00"}
    """

  @Test("the shortest definition says what the rest means")
  func least() throws {
    let definition = try CampaignDefinition(reading: DefinitionTests.least)
    #expect(definition.control == .none)
    #expect(definition.variants.map(\.name) == ["a"])
    #expect(definition.variants.map(\.share) == [.all])
    #expect(definition.starts == nil)
  }
}
