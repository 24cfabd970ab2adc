import Contract
import Postgres
import ServiceLog
import Values

/// The one order of the log: who writes to it holds the row of `service_turn`.
enum ServiceTurn {
  /// False: another process has it.
  static func isTaken(_ transaction: Transaction) throws(PostgresError) -> Bool {
    try transaction.rows("select from service_turn for update skip locked").count == 1
  }

  /// Where the chain ends.
  struct Head {
    /// 0 where there is none yet.
    let block: Int64
    let hash: [UInt8]
    let epoch: Int64
    /// The number of the next entry.
    let next: Int64
  }

  static func head(_ transaction: Transaction) throws(PostgresError) -> Head {
    let row = try transaction.rows(
      """
      select b.number, b.epoch, b.first + b.entries, b.hash, recovery_epoch()
      from (select) one left join lateral (
        select number, epoch, first, entries, hash from service_block order by number desc limit 1) b on true
      """)[0]
    let epoch = row.integer(4)
    return Head(
      block: row.optionalInteger(0) ?? 0, hash: row.optionalBytes(3) ?? ServiceBlock.start, epoch: epoch,
      next: ServiceBlock.first(
        next: row.optionalInteger(2) ?? 1, lastEpoch: row.optionalInteger(1) ?? 0, epoch: epoch))
  }
}
