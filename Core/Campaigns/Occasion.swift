public import Postgres
public import Values

/// One of the days of a plan that comes again.
public struct Occasion: Hashable, Sendable {
  /// The plan's number.
  public let plan: Int64
  /// `2027-05-01`: what filters call today.
  public let day: String
  /// When it is due.
  public let at: Timestamp

  public init(plan: Int64, day: String, at: Timestamp) { (self.plan, self.day, self.at) = (plan, day, at) }

  /// Which occasion a campaign is; nil where it is none.
  public static func ask(_ campaign: Int64, _ definition: CampaignDefinition) -> Question<Occasion?> {
    guard case .every = definition.course else { return Question(known: nil) }
    return Question("select parent_id, day::text, starts_at from campaign where id = $1 and parent_id is not null") {
      $0.integer(campaign)
    } reading: {
      $0.first.map { Occasion(plan: $0.integer(0), day: $0.text(1), at: $0.timestamp(2)) }
    }
  }
}

/// What day it is for whom a campaign is for: of an occasion its own, however late somebody looks.
struct Today {
  /// Of the tz database: the branch's.
  let timeZone: String
  let day: String?

  /// A date.
  func append(to sql: inout Composition) {
    if let day {
      sql.append { $0.text(day) }
      sql.append("::date")
    } else {
      sql.append("(now() at time zone ")
      sql.append { $0.text(timeZone) }
      sql.append(")::date")
    }
  }
}
