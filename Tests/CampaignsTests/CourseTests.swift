import Testing
import Values

@testable import Campaigns

/// When those whom the filter picks get a campaign.
@Suite struct CourseTests {
  @Test("a campaign is for those of its launch, unless it says that others join")
  func joining() throws {
    #expect(try CampaignDefinition.of("level = gold").course == .once)
    #expect(try CampaignDefinition.of("level = gold", .customers, #", "joining": false"#).course == .once)
    #expect(try CampaignDefinition.of("level = gold", .customers, #", "joining": true"#).course == .joined)
  }

  @Test(
    "nobody joins by growing older: what comes to hold because time passes is refused, what time ends is not",
    arguments: [
      ("level = gold and assets > 5 CNY", nil, true), ("age >= 60", nil, false), ("age < 30", nil, true),
      ("not age < 30", nil, false), ("age between 30 and 40", nil, false),
      ("not (level = gold and age > 60)", nil, true),
      ("changed < 30 days ago", nil, false), ("changed >= 30 days ago", nil, true),
      ("changed >= 2027-01-01", nil, true),
      ("changed between 30 days ago and 2027-01-01", nil, true),
      ("changed between 2020-01-01 and 3 days ago", nil, false),
      ("changed = 3 days ago", nil, false), ("birthday = 05-01", nil, true), ("age is known", nil, true),
      ("level = gold", "changed > 30 days ago", false), ("level = gold", "changed < 30 days ago", true),
      ("level = gold", "age < 18", false), ("level = gold", "tag = vip", true),
    ] as [(String, String?, Bool)])
  func time(_ filter: String, _ exclusion: String?, _ isTaken: Bool) throws {
    let more = #", "joining": true"# + (exclusion.map { #", "exclude": "\#($0)""# } ?? "")
    do throws(Refusal) {
      _ = try refusing(filter, more)
      #expect(isTaken)
    } catch {
      #expect(!isTaken && error.reason == "wrong-parts" && error.path == "joining", "\(error)")
    }
  }

  private func refusing(_ filter: String, _ more: String) throws(Refusal) -> CampaignDefinition {
    do { return try CampaignDefinition.of(filter, .customers, more) } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal("not-read", "\(error)")
    }
  }
}
