public import Postgres

/// What receipts have told so far of a message under one id of its gateway.
public struct ToldState: Hashable, Sendable {
  /// accepted, buffered, delivered, failed; nil as long as no receipt says so of all that has this id.
  public var state: String?
  /// Parts that were delivered, where the gateway counts those that it calls the same.
  public var delivered: Set<Int32>

  public init(_ state: String? = nil, delivered: Set<Int32> = []) {
    self.state = state
    self.delivered = delivered
  }

  /// - Parameter column: of `submission.state`; `delivered_parts` stands behind it.
  public init(_ row: Row, from column: Int32) {
    self.init(row.optionalText(column), delivered: Set(row.integers(column + 1).map { Int32($0) }))
  }

  private var isWhole: Bool { state == "delivered" }

  /// Whether a message has arrived: under each of its ids, and where parts were told, all of them.
  /// - Parameters:
  ///   - told: of each id that the gateway gave it.
  ///   - parts: as its text needs them; nil is unknown, and then no part is missing before the highest that was told.
  public static func isDelivered(_ told: some Collection<ToldState>, of parts: Int32?) -> Bool {
    guard !told.isEmpty, told.allSatisfy({ $0.isWhole || !$0.delivered.isEmpty }) else { return false }
    if told.allSatisfy(\.isWhole) { return true }
    let arrived = told.reduce(0) { $0 + max($1.delivered.count, $1.isWhole ? 1 : 0) }
    let highest = told.compactMap { $0.delivered.max() }.max() ?? 1
    return arrived >= Int(parts ?? highest)
  }
}
