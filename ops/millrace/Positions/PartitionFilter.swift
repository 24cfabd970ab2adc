internal import Postgres
internal import Values

/// `WORKER [TOPIC[/PARTITION]]` on a command line: which rows of `position` are meant.
struct PartitionFilter {
  let worker: String?
  let topic: String?
  let partition: Int32?

  static let operands = "WORKER [TOPIC[/PARTITION]]"

  init(_ operands: [String]) throws(Failure) {
    worker = operands.first
    guard operands.count > 1 else {
      (topic, partition) = (nil, nil)
      return
    }
    let parts = operands[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    topic = String(parts[0])
    guard parts.count == 2 else {
      partition = nil
      return
    }
    guard let number = Int32(parts[1]), number >= 0 else {
      throw .usage("\(shown(operands[1])) is no TOPIC/PARTITION: a partition is a number from 0 on.")
    }
    partition = number
  }

  /// Fills `$1` to `$3`; NULL matches all.
  func bind(_ arguments: inout Arguments) {
    arguments.text(worker)
    arguments.text(topic)
    arguments.small(partition)
  }

  var description: String {
    let source = topic.map { $0 + (partition.map { "/\($0)" } ?? "") }
    return [worker, source].compactMap { $0 }.joined(separator: " ")
  }

  /// The sentence for a filter that no position answers, with the names that are there.
  func matchesNothing(_ session: Connection) throws -> Failure {
    let rows = try session.rows("select distinct worker, topic from position order by 1, 2")
    guard rows.count > 0 else { return .no("no worker has a position yet: none has been assigned a partition.") }
    let known = rows.map { "\($0.text(0)) \($0.text(1))" }
    return .no("there is no position of \(description). There are: \(known.joined(separator: ", ")).")
  }
}
