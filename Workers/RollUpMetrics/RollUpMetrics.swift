import Contract
import Postgres
import Runtime
import Settings
import Topics
import Values

/// Counts what becomes of campaigns' messages, takes down what people did whom a campaign may have brought to it, and works out whose
/// merit that is.
///
/// Invariants:
/// - What happens by the million is counted up, once an event, in the transaction that moves the position: these figures are sums, and the
///   order of events does not matter to a sum. Each event is written down beside its figure, so that they can be made again.
/// - What depends on several facts (who stands where, whose merit a conversion is) is never counted up, but derived from the facts as
///   they stand, whenever one of them changes: so the order in which they are told does not matter either.
/// - Nothing is added up that does not belong together: what cannot count is kept apart, with its reason.
@main
struct RollUpMetrics: Worker {
  typealias Input = OutreachOutcomes
  typealias Reading = OutcomeReading
  static let name = "roll-up-metrics"
  static var companions: [any Worker.Type] { [RollUpLeads.self, RollUpContacts.self, RollUpValues.self] }
  static var sweeps: [any Sweep.Type] { [AttributeConversions.self, CountPeople.self, CompareAssets.self] }

  static func reader(_ settings: Settings) -> (OutreachOutcomes, Timestamp) -> OutcomeReading {
    { told, _ in OutcomeReading(told) }
  }

  static func load(
    _ outcomes: [Delivery<OutcomeReading>], _ memory: inout CampaignMemory, _ transaction: Transaction
  ) throws(PostgresError) -> FigureBook {
    try FigureBook(outcomes, &memory, transaction)
  }

  static func decide(
    _ outcome: Delivery<OutcomeReading>, _ book: inout FigureBook, _ now: Timestamp
  ) -> Decision<Void> { book.hear(outcome) }

  static let writes: [Write<FigureBook, Void>] = [
    .keepingHeard(\.heard),
    .counting(\.increments),
    .keepingApart { book, _ in book.apart.rows },
    .total(
      { book, _ in book.touched },
      """
      select touched_people(
        array(select a.subject from unnest($1::bigint[], $2::boolean[]) a (subject, is_lead) where not a.is_lead),
        array(select a.subject from unnest($1::bigint[], $2::boolean[]) a (subject, is_lead) where a.is_lead))
      """,
      touchesEach: false,
      .integer { $0.subject }, .boolean { $0.isLead }),
  ]
}
