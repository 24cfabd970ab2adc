import Contract
import Digest
import Postgres
import ServiceLog
import Topics
import Values

/// Appends to the log what is due: one block a transaction.
///
/// Rows of `service_due` come with the transaction that did the thing, so none is missed that commits late, and they go
/// with the transaction that records it, so none is recorded twice.
enum RecordActions: Sweep {
  static let name = "record-actions"
  /// A block and a commit cost the same for one entry and for many.
  static let chunk = 2000

  static let measures = [
    Measure(
      "service_log_waiting_entries", "Actions that the service log has still to take.",
      "select coalesce(sum(entries - taken), 0)::double precision from service_due"),
    Measure(
      "service_log_waiting_seconds", "Age of the oldest action that the service log has still to take.",
      """
      select coalesce(greatest(extract(epoch from clock_timestamp() - (select at from service_due order by id limit 1)), 0), 0)
        ::double precision
      """),
  ]

  /// One thing that was done, where `service_due` says that it was.
  struct Item {
    /// The row of `service_due`, how far it will have been taken, and whether that is all of it.
    let due: Int64
    let taken: Int32
    let isLast: Bool
    /// nil: it was erased meanwhile, or stands in `set_aside`.
    let action: Action?
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Item] {
    guard try ServiceTurn.isTaken(transaction) else { return [] }
    return try Action.due(limit, transaction)
  }

  static func label(_ item: Item) -> String { "\(item.due)/\(item.taken)" }

  static func load(
    _ items: [Item], _ codes: inout PersonCodes, _ transaction: Transaction
  ) throws(PostgresError) -> ServiceBook {
    let actions = items.compactMap(\.action)
    try codes.learn(actions.flatMap { [$0.by, $0.owner, $0.formerOwner] }, transaction)
    let branches = try Organisations.load(transaction)
    return ServiceBook(
      people: codes.known, branches: branches, open: try branches.open(of: actions, transaction),
      head: try ServiceTurn.head(transaction), salts: Salts(actions.count))
  }

  static func decide(_ item: Item, _ book: inout ServiceBook, _ now: Timestamp) -> Decision<ServiceEntry> {
    book.take(item, now)
    guard let action = item.action else { return .ignore("gone") }
    let (entry, commitment) = book.append(action)
    return .apply(entry, emit: [Emission(ServiceRecorded(entry, commitment))], outcome: "recorded")
  }
}

extension ServiceRecorded {
  init(_ entry: ServiceEntry, _ commitment: [UInt8]) {
    let content = entry.content
    self = .recorded(
      Entry(
        number: entry.number, organisation: entry.organisation, day: entry.day, at: entry.at, what: content.what,
        subjectKind: content.subjectKind == "lead" ? .lead : .customer, subject: content.subject,
        version: content.version, by: content.by, login: content.login, worker: content.worker,
        authority: content.authority, outcome: content.outcome, branch: content.branch, owner: content.owner,
        formerOwner: content.formerOwner, detail: content.detail, eventSource: content.source,
        eventId: content.event, commitment: Hex.digits(commitment)))
  }
}
