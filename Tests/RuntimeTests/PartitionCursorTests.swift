import Kafka
import Seeding
import Testing

@testable import Runtime

@Suite struct PartitionCursorTests {
  private let partition = TopicPartition("t", 0)
  private let last = LastRecord(offset: 4, time: 1, checksum: 2)

  @Test("records are taken one after the other, and a repeat is dropped")
  func repeats() {
    var cursor = PartitionCursor(partition, next: 5, last: nil)
    #expect([5, 6, 6, 5, 4, 7].map { cursor.admit($0) } == [.take, .take, .drop, .drop, .drop, .take])
    #expect(cursor.next == 8)
  }

  @Test("a gap is believed only when an explicit re-seek shows it again")
  func gap() {
    var cursor = PartitionCursor(partition, next: 5, last: nil)
    #expect(cursor.admit(8) == .seek)
    #expect(cursor.admit(9) == .drop, "what still comes of before the seek is not looked at")
    #expect(cursor.next == 5)
    cursor.sought()
    #expect(cursor.admit(8) == .confirmGap)
    #expect(cursor.admit(9) == .drop)
    #expect(cursor.next == 5, "confirmed only by whoever asked where the log begins")
    cursor.jump(to: 8)
    cursor.sought()
    #expect(cursor.admit(8) == .take)
    #expect(cursor.admit(9) == .take)
  }

  @Test("a gap that a re-seek does not show was a fault of the library: nothing is skipped")
  func falseGap() {
    var cursor = PartitionCursor(partition, next: 5, last: nil)
    #expect(cursor.admit(8) == .seek)
    cursor.sought()
    #expect([5, 6, 7, 8].map { cursor.admit($0) } == [.take, .take, .take, .take])
  }

  @Test("the second gap needs a re-seek of its own")
  func secondGap() {
    var cursor = PartitionCursor(partition, next: 0, last: nil)
    _ = cursor.admit(2)
    cursor.sought()
    _ = cursor.admit(2)
    cursor.jump(to: 2)
    cursor.sought()
    #expect(cursor.admit(2) == .take)
    #expect(cursor.admit(4) == .seek)
  }

  @Test("the record that was applied last is shown again and proved before anything is taken")
  func proof() {
    var cursor = PartitionCursor(partition, next: 5, last: last)
    #expect(cursor.start == 4)
    #expect(cursor.admit(3) == .drop)
    #expect(cursor.admit(4) == .prove(last))
    cursor.proved()
    #expect(cursor.start == 5)
    #expect(cursor.admit(4) == .drop)
    #expect(cursor.admit(5) == .take)
  }

  @Test("where retention took the last record, what follows proves itself or is a gap")
  func lastIsGone() {
    var cursor = PartitionCursor(partition, next: 5, last: last)
    #expect(cursor.admit(5) == .take)
    var behind = PartitionCursor(partition, next: 5, last: last)
    #expect(behind.admit(7) == .seek)
  }

  @Test("nothing of a stopped partition is taken")
  func stopped() {
    var cursor = PartitionCursor(partition, next: 5, last: nil, isStopped: true)
    #expect([5, 6].map { cursor.admit($0) } == [.drop, .drop])
    #expect(cursor.next == 5)
  }

  @Test("whatever a library repeats, skips or reorders, every record is taken once and in order")
  func anyLibrary() {
    for number in 0..<400 {
      var chance = Seeded(number)
      var log: [Int64] = []
      var offset: Int64 = 0
      for _ in 0..<40 {
        // Markers and compaction leave honest gaps.
        offset += Bool.random(using: &chance) ? 1 : Int64.random(in: 1...3, using: &chance)
        log.append(offset)
      }
      let start = log[0]
      var cursor = PartitionCursor(partition, next: start, last: nil)
      var taken: [Int64] = []
      var place = 0
      var steps = 0
      var isJustSought = false
      while taken.count < log.count, steps < 20_000 {
        steps += 1
        // A faulty library goes elsewhere now and then, but not between a seek and its first record.
        if !isJustSought, Int.random(in: 0..<8, using: &chance) == 0 {
          place = max(0, min(log.count - 1, place + Int.random(in: -5...5, using: &chance)))
        }
        isJustSought = false
        guard place < log.count else {
          place = log.firstIndex { $0 >= cursor.next } ?? 0
          continue
        }
        let record = log[place]
        place += 1
        switch cursor.admit(record) {
        case .take: taken.append(record)
        case .drop: break
        case .prove: Issue.record("there is nothing to prove")
        case .confirmGap:
          #expect(log.first { $0 >= cursor.next } == record)
          cursor.jump(to: record)
          fallthrough
        case .seek:
          cursor.sought()
          place = log.firstIndex { $0 >= cursor.next } ?? log.count
          isJustSought = true
        }
      }
      #expect(taken == log, "seed \(number)")
    }
  }
}

@Suite struct RelayMarkTests {
  @Test("a later run is above every index of an earlier one, and within a run the index counts")
  func order() {
    let marks = [
      RelayMark.none, RelayMark(run: 1, index: 0), RelayMark(run: 1, index: 1), RelayMark(run: 1, index: .max),
      RelayMark(run: 2, index: 0),
    ]
    var chance = Seeded()
    #expect(marks.shuffled(using: &chance).sorted() == marks)
    #expect(!(RelayMark(run: 1, index: 1) > RelayMark(run: 1, index: 1)))
  }
}
