import Contract
import Digest
import Testing
import Values

@testable import Runtime

/// What a batch knows of its entries before anything is decided.
@Suite struct BatchTests {
  private static func batch(_ entries: [(cursor: Int, identity: UInt64?, data: Int64)]) -> Batch<Int> {
    let batch = Batch<Int>()
    for (place, entry) in entries.enumerated() {
      let delivery = Delivery(place, source: "/tests", id: "e\(place)", happened: Timestamp(microseconds: 0))
      let identity = entry.identity.map { Identity.outside(Fingerprint(high: $0, low: 0), data: entry.data) } ?? .none
      batch.append(
        BatchEntry(
          record: place, cursor: entry.cursor, offset: Int64(place), time: 0, source: nil, id: nil, relayed: nil,
          outcome: .event(delivery, identity)))
    }
    return batch
  }

  private static func identities(_ batch: Batch<Int>, _ range: Range<Int>) -> [[Int64]] {
    batch.identities(of: range).map { [Int64($0.identity.high), $0.data] }
  }

  @Test("each identity once, in one order, with the data that came first; those without are left out")
  func identities() {
    let batch = Self.batch([(0, 7, 1), (0, 3, 2), (1, 7, 3), (0, nil, 0), (1, 5, 4), (0, 3, 5)])
    #expect(Self.identities(batch, 0..<6) == [[3, 2], [5, 4], [7, 1]])
    #expect(Self.identities(batch, 2..<6) == [[3, 5], [5, 4], [7, 3]])
    #expect(Self.identities(batch, 3..<4) == [])
  }

  @Test("an event that went to the dead letters enters no identity, and leaves that of another as it was")
  func buried() {
    let batch = Self.batch([(0, 7, 1), (0, 7, 2), (0, 3, 3)])
    batch.bury(0, Refusal("not-storable", "for this test"))
    #expect(Self.identities(batch, 0..<3) == [[3, 3], [7, 2]])
    #expect(Self.identities(batch, 0..<1) == [])
  }

  @Test("a batch that was emptied knows nothing any more")
  func emptied() {
    let batch = Self.batch([(0, 7, 1)])
    batch.removeAll()
    batch.append(Self.batch([(0, 9, 2)]).entries[0])
    #expect(Self.identities(batch, 0..<1) == [[9, 2]])
  }

  @Test(
    "the cursors of some entries are theirs alone",
    arguments: [(0..<5, [0, 1, 2]), (1..<3, [1]), (2..<4, [0, 1]), (4..<4, [])] as [(Range<Int>, Set<Int>)])
  func cursors(_ range: Range<Int>, _ expected: Set<Int>) {
    let batch = Self.batch([(0, nil, 0), (1, nil, 0), (1, nil, 0), (0, nil, 0), (2, nil, 0)])
    #expect(batch.cursors(of: range) == expected)
  }
}
