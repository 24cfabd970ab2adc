import Campaigns
import Contract
import Outreach
import Postgres
import Settings
import Values

/// What a lane keeps of campaigns, whose definitions do not change once they are launched, and of what their messages are made from.
struct PlanMemory: LaneCache {
  private var plans: [Int64: (version: Int32, plan: Result<CampaignDefinition, Refusal>)] = [:]
  /// Of each channel.
  var intakes: [Channel: IntakeMemory]
  /// Whether messages can tell where somebody says that they want no more.
  let hasLinks: Bool

  /// Nobody runs so many campaigns at once.
  private static let most = 500

  init(_ settings: Settings) {
    intakes = Dictionary(uniqueKeysWithValues: Channel.allCases.map { ($0, IntakeMemory(settings)) })
    hasLinks = Links(settings) != nil
  }

  /// For tests: messages have no links.
  init() {
    intakes = Dictionary(uniqueKeysWithValues: Channel.allCases.map { ($0, IntakeMemory()) })
    hasLinks = false
  }

  subscript(campaign: Int64) -> CampaignDefinition? {
    guard case .success(let plan) = plans[campaign]?.plan else { return nil }
    return plan
  }

  /// Why the definition cannot be read; nil of one that can, or that nobody has asked for.
  func refusal(of campaign: Int64) -> Refusal? {
    guard case .failure(let refusal) = plans[campaign]?.plan else { return nil }
    return refusal
  }

  /// Asks for definitions that are not known yet, or not as they are now. An index of the table leads to them.
  func news(_ campaigns: some Sequence<Int64>) -> Question<[News]> {
    let wanted = Set(campaigns).sorted()
    guard !wanted.isEmpty else { return Question(known: []) }
    return Question(
      """
      select c.id, c.version, c.definition from campaign c join unnest($1::bigint[], $2::int[]) k (id, version) on k.id = c.id
      where c.id = any($1) and k.version is distinct from c.version
      """
    ) {
      $0.integers(wanted) { $0 }
      $0.smalls(wanted) { plans[$0]?.version }
    } reading: {
      $0.map { News(campaign: $0.integer(0), version: Int32($0.small(1)), definition: $0.text(2)) }
    }
  }

  struct News {
    let campaign: Int64
    let version: Int32
    let definition: String
  }

  mutating func take(_ news: [News]) {
    if plans.count > PlanMemory.most { plans.removeAll() }
    for told in news {
      do throws(Refusal) {
        plans[told.campaign] = (told.version, .success(try CampaignDefinition(reading: told.definition)))
      } catch {
        plans[told.campaign] = (told.version, .failure(error))
      }
    }
  }
}
