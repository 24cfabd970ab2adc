internal import Contract
internal import Postgres
internal import Values

/// How a sweep's lane comes to its items.
protocol Claiming<S>: AnyObject {
  associatedtype S: Sweep
  /// What must be known before a transaction begins.
  func prepare(_ cache: inout S.Cache, _ connection: Connection) throws(LaneFailure) -> Readiness
  func claim(_ limit: Int, _ cache: inout S.Cache, _ transaction: Transaction) throws(PostgresError) -> [S.Item]
}

enum Readiness {
  case ready
  /// Nothing is to be claimed.
  case nothing
  /// Something is due, but not everything has been heard yet.
  case listening
}

final class ClaimedAtOnce<S: Sweep>: Claiming {
  func prepare(_ cache: inout S.Cache, _ connection: Connection) throws(LaneFailure) -> Readiness { .ready }

  func claim(_ limit: Int, _ cache: inout S.Cache, _ transaction: Transaction) throws(PostgresError) -> [S.Item] {
    try S.claim(limit, &cache, transaction)
  }
}

/// Claims what was due at the moment heard last, and listens again once there is no more of that.
final class ClaimedWhenHeard<S: AwaitingSweep>: Claiming {
  private let hearing: Hearing
  private var isEmpty = true
  private var toldAt: Duration?

  init(_ hearing: Hearing) { self.hearing = hearing }

  func prepare(_ cache: inout S.Cache, _ connection: Connection) throws(LaneFailure) -> Readiness {
    guard isEmpty else { return .ready }
    let isDue = try LaneFailure.postgres { () throws(PostgresError) in
      try S.isAnyDue(&cache, Transaction(open: connection))
    }
    guard isDue else { return .nothing }
    switch try hearing.listen(connection) {
    case .heard:
      toldAt = nil
      return .ready
    case .unheard(let since, let waited):
      if waited > .seconds(60), toldAt.map({ Monotonic.now - $0 > .seconds(60) }) ?? true {
        toldAt = Monotonic.now
        try LaneFailure.postgres { () throws(PostgresError) in
          _ = try connection.rows("begin")
          try S.isUnheard(since: since, Transaction(open: connection))
          _ = try connection.rows("commit")
        }
      }
      return .listening
    }
  }

  func claim(_ limit: Int, _ cache: inout S.Cache, _ transaction: Transaction) throws(PostgresError) -> [S.Item] {
    guard let heard = hearing.heard else { return [] }
    let items = try S.claim(limit, heard: heard, &cache, transaction)
    isEmpty = items.isEmpty
    return items
  }
}
