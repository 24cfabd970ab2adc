internal import Postgres
internal import ServiceLog
internal import Values

/// Goes along the chain and keeps what differs.
struct ChainCheck {
  var erasures: Erasures
  private let anchor: (block: Int64, hash: String)?
  private var isAnchored = false
  private var before: LoggedBlock?
  private var counted: [Day: Int64] = [:]
  private var erasureDetails: Set<String> = []

  private(set) var blocks: Int64 = 0
  private(set) var entries: Int64 = 0
  private(set) var erased: Int64 = 0
  private(set) var days: Int64 = 0
  /// The first hundred.
  private(set) var faults: [String] = []
  private(set) var faultCount = 0

  private struct Day: Hashable {
    let organisation: String
    let day: String
  }

  init(_ erasures: Erasures, anchor: (block: Int64, hash: String)?) {
    self.erasures = erasures
    self.anchor = anchor
  }

  var hash: [UInt8]? { before?.hash }

  /// Whether entries are not there that no erasure which is known took.
  func lacks(_ logged: LoggedBlock) -> Bool {
    let there = Set(logged.logged.map(\.entry.number))
    return (logged.block.first..<logged.block.next).contains { !there.contains($0) && !erasures.numbers.contains($0) }
  }

  mutating func add(_ logged: LoggedBlock) {
    let block = logged.block
    let name = "block \(block.number)"
    blocks += 1
    if block.hash != logged.hash { fault("\(name) is not what its hash says") }
    if block.previous != before?.hash ?? ServiceBlock.start { fault("\(name) does not follow the block before it") }
    let last = before?.block.number ?? 0
    if block.number != last + 1 { fault("\(name) comes after block \(last)") }
    if block.commitments.count % 32 != 0 || Int64(block.entries) != logged.entries {
      fault("\(name) has \(block.commitments.count) bytes of commitments for \(logged.entries) entries")
    }
    let first = ServiceBlock.first(
      next: before?.block.next ?? 1, lastEpoch: before?.block.epoch ?? 0, epoch: block.epoch)
    if block.first != first { fault("\(name) begins at entry \(block.first), not at \(first)") }
    if let anchor, anchor.block == block.number {
      isAnchored = true
      if Hex.digits(logged.hash) != anchor.hash {
        fault("\(name) is not the one that was told: the chain was made anew")
      }
    }
    compare(logged)
    for count in block.counts {
      counted[Day(organisation: count.organisation, day: count.day), default: 0] += Int64(count.entries)
    }
    before = logged
  }

  private mutating func compare(_ logged: LoggedBlock) {
    let block = logged.block
    var left: [Day: Int64] = [:]
    for count in block.counts {
      left[Day(organisation: count.organisation, day: count.day), default: 0] += Int64(count.entries)
    }
    var there: Set<Int64> = []
    for logged in logged.logged {
      let entry = logged.entry
      there.insert(entry.number)
      entries += 1
      let place = Int(entry.number - block.first)
      guard (place + 1) * 32 <= block.commitments.count else { continue }
      if entry.commitment[...] != block.commitment(place) { fault("entry \(entry.number) was changed") }
      if logged.isErasure, let detail = entry.content.detail { erasureDetails.insert(detail) }
      left[Day(organisation: entry.organisation, day: entry.day), default: 0] -= 1
    }
    for number in block.first..<block.next where !there.contains(number) {
      if erasures.numbers.contains(number) {
        erased += 1
      } else {
        fault("entry \(number) is gone, and no erasure took it")
      }
    }
    // What was erased was counted when it was recorded.
    let gone = Int64(block.entries) - Int64(there.count)
    if left.values.contains(where: { $0 < 0 }) || left.values.reduce(0, +) != gone {
      fault("block \(block.number) counts other entries than it has")
    }
  }

  mutating func finish(_ session: Connection, last: Int64) throws(PostgresError) {
    if let anchor, !isAnchored { fault("there is no block \(anchor.block), which was told: the chain was cut") }
    let next = before?.block.next ?? 1
    let rows = try session.rows("select count(*) from service_log where number < $1") { $0.integer(next) }
    if rows[0].integer(0) > entries { fault("\(rows[0].integer(0) - entries) entries belong to no block") }
    try compareDays(session, last)
    let waiting = try Erasures.waiting(session)
    for (erasure, detail) in erasures.details.sorted(by: { $0.key < $1.key })
    where !erasureDetails.contains(detail) && !waiting.contains(detail) {
      fault("erasure \(erasure) is not in the log as the table has it")
    }
  }

  private mutating func compareDays(_ session: Connection, _ last: Int64) throws(PostgresError) {
    let rows = try session.rows(
      """
      select d.organisation, to_char(d.day, 'YYYY-MM-DD'), d.entries, coalesce(d.hash = b.hash, d.block is null)
      from service_day d left join service_block b on b.number = d.block
      where coalesce(d.block, 0) <= $1 order by 2, 1
      """
    ) { $0.integer(last) }
    for row in rows {
      days += 1
      let day = Day(organisation: row.text(0), day: row.text(1))
      let count = counted[day] ?? 0
      if count != row.integer(2) {
        fault("\(day.day) of \(day.organisation) was told as \(row.integer(2)) entries, the chain has \(count)")
      }
      if !row.boolean(3) { fault("\(day.day) of \(day.organisation) was told with another hash than its block has") }
    }
  }

  mutating func fault(_ sentence: String) {
    faultCount += 1
    if faults.count < 100 { faults.append(sentence) }
  }
}
