import Kafka
import Postgres
import Seeding
import Testing

@testable import Runtime

@Suite struct SplittingTests {
  @Test("a batch that goes well is one piece, and none is none")
  func whole() {
    var splitting = Splitting(7, oneByOne: false)
    #expect(splitting.next == 0..<7)
    splitting.applied()
    #expect(splitting.next == nil)
    #expect(Splitting(0, oneByOne: false).next == nil)
  }

  @Test("a careful batch goes event by event, in order")
  func careful() {
    var splitting = Splitting(3, oneByOne: true)
    var ranges: [Range<Int>] = []
    while let range = splitting.next {
      ranges.append(range)
      splitting.applied()
    }
    #expect(ranges == [0..<1, 1..<2, 2..<3])
  }

  @Test("whichever events the database refuses, exactly they are buried and all others applied once, in order")
  func culprits() {
    for number in 0..<300 {
      var chance = Seeded(number)
      let count = Int.random(in: 1...50, using: &chance)
      let bad = Set((0..<Int.random(in: 0...5, using: &chance)).map { _ in Int.random(in: 0..<count, using: &chance) })
      let (applied, buried) = run(count, failing: .data, bad)
      #expect(buried == bad, "seed \(number)")
      #expect(applied == Array(0..<count), "seed \(number)")
    }
  }

  @Test("a conflict is tried three times with a fresh load before it counts as bad data")
  func conflicts() {
    var splitting = Splitting(1, oneByOne: false)
    #expect((0..<4).map { _ in splitting.failed(.conflict) } == [.again, .again, .again, .bury(0)])
    var mended = Splitting(2, oneByOne: false)
    #expect(mended.failed(.conflict) == .again)
    #expect(mended.next == 0..<2)
    mended.applied()
    #expect(mended.next == nil)
    #expect(run(9, failing: .conflict, [4]).buried == [4])
  }

  @Test("what is no matter of data is not split", arguments: [PostgresError.Kind.transient, .setup, .unknown])
  func elsewhere(_ kind: PostgresError.Kind) {
    var splitting = Splitting(4, oneByOne: false)
    #expect(splitting.failed(kind) == .giveUp)
    #expect(splitting.next == 0..<4)
  }

  @Test("an event whose dead letter fails too stops the lane instead of going round for ever")
  func hopeless() {
    var splitting = Splitting(2, oneByOne: false)
    #expect(splitting.failed(.data) == .halved)
    #expect(splitting.failed(.data) == .bury(0))
    #expect(splitting.failed(.data) == .giveUp)
    var next = Splitting(2, oneByOne: true)
    #expect(next.failed(.data) == .bury(0))
    next.applied()
    #expect(next.failed(.data) == .bury(1), "the next event is judged for itself")
  }

  private func run(_ count: Int, failing kind: PostgresError.Kind, _ bad: Set<Int>) -> (
    applied: [Int], buried: Set<Int>
  ) {
    var splitting = Splitting(count, oneByOne: false)
    var applied: [Int] = []
    var buried: Set<Int> = []
    var steps = 0
    while let range = splitting.next, steps < 10_000 {
      steps += 1
      guard range.contains(where: { bad.contains($0) && !buried.contains($0) }) else {
        applied += range
        splitting.applied()
        continue
      }
      if case .bury(let index) = splitting.failed(kind) { buried.insert(index) }
    }
    return (applied, buried)
  }
}

@Suite struct GarbageGaugeTests {
  @Test("garbage is more than the share of at least 500 events")
  func threshold() {
    var gauge = GarbageGauge()
    let early = (0..<499).map { _ in gauge.refuse(share: 50) }
    #expect(!early.contains(true))
    #expect(gauge.refuse(share: 50) == true)
    #expect(gauge.isChanged)
  }

  @Test("exactly the share is not above it")
  func exactly() {
    var gauge = GarbageGauge(taken: 500, refused: 499)
    #expect(gauge.refuse(share: 50) == false)
    #expect(gauge.refuse(share: 50) == true)
  }

  @Test("a share of 100 percent stops nobody")
  func never() {
    var gauge = GarbageGauge()
    let answers = (0..<5000).map { _ in gauge.refuse(share: 100) }
    #expect(!answers.contains(true))
  }

  @Test("a source that was good for years is judged by what it sends now")
  func fading() {
    var gauge = GarbageGauge()
    for _ in 0..<1_000_000 { gauge.take() }
    let count = (1...5000).first { _ in gauge.refuse(share: 50) }
    #expect(count.map { $0 <= 2000 } == true)
  }

  @Test("taking alone is not worth writing down")
  func unchanged() {
    var gauge = GarbageGauge()
    gauge.take()
    #expect(!gauge.isChanged)
    _ = gauge.refuse(share: 50)
    gauge = gauge.kept()
    #expect(!gauge.isChanged)
  }
}

@Suite struct FlushedPositionsTests {
  private let partition = TopicPartition("t", 0)

  @Test("a position is told only after the log was flushed past its commit")
  func flushed() {
    var positions = FlushedPositions()
    positions.committed(partition, 5)
    #expect(positions.takeReady().isEmpty, "nothing is known of the log yet")
    positions.log(insertedTo: 100, flushedTo: 99)
    #expect(positions.takeReady().isEmpty)
    positions.log(insertedTo: 120, flushedTo: 99)
    #expect(positions.takeReady().isEmpty)
    positions.log(insertedTo: 130, flushedTo: 100)
    #expect(positions.takeReady() == [partition: 5])
    #expect(positions.takeReady().isEmpty)
    #expect(!positions.isWaiting)
  }

  @Test("the flush that frees one position does not free those committed after it")
  func generations() {
    var positions = FlushedPositions()
    positions.committed(partition, 5)
    positions.log(insertedTo: 100, flushedTo: 50)
    positions.committed(partition, 9)
    positions.log(insertedTo: 200, flushedTo: 150)
    #expect(positions.takeReady() == [partition: 5])
    positions.log(insertedTo: 300, flushedTo: 199)
    #expect(positions.takeReady().isEmpty)
    positions.log(insertedTo: 300, flushedTo: 200)
    #expect(positions.takeReady() == [partition: 9])
  }

  @Test("what belongs to partitions that were taken away is never told")
  func forgotten() {
    var positions = FlushedPositions()
    positions.committed(partition, 5)
    positions.log(insertedTo: 100, flushedTo: 50)
    positions.forget()
    positions.log(insertedTo: 100, flushedTo: 100)
    #expect(positions.takeReady().isEmpty)
  }

  @Test("whatever the order of commits and flushes, nothing above the flushed log is told, and all is told in the end")
  func anyOrder() {
    for number in 0..<200 {
      var chance = Seeded(number)
      var positions = FlushedPositions()
      var commits: [Int64: Int64] = [:]
      var inserted: Int64 = 0
      var flushed: Int64 = 0
      var next: Int64 = 0
      var told: Int64 = 0
      for _ in 0..<100 {
        inserted += Int64.random(in: 1...9, using: &chance)
        if Bool.random(using: &chance) {
          next += 1
          commits[next] = inserted
          positions.committed(partition, next)
        }
        flushed = Int64.random(in: flushed...inserted, using: &chance)
        positions.log(insertedTo: inserted, flushedTo: flushed)
        if let now = positions.takeReady()[partition] {
          #expect(commits[now, default: .max] <= flushed && now >= told)
          told = now
        }
      }
      for _ in 0..<2 { positions.log(insertedTo: inserted, flushedTo: inserted) }
      #expect((positions.takeReady()[partition] ?? told) == next)
    }
  }
}

@Suite struct BackoffTests {
  @Test("waits grow from failure to failure up to the bound, with jitter, and begin anew after a success")
  func growth() {
    var backoff = Backoff(milliseconds: 100...1000)
    for ceiling in [100, 200, 400, 800, 1000, 1000, 1000] {
      let wait = backoff.failed()
      #expect(wait >= .milliseconds(ceiling / 2) && wait <= .milliseconds(ceiling))
    }
    backoff.succeeded()
    let first = backoff.failed()
    #expect(first <= .milliseconds(100))
  }

  @Test("a thousand failures do not overflow")
  func many() {
    var backoff = Backoff()
    for _ in 0..<1000 { #expect(backoff.failed() <= .seconds(10)) }
  }
}

@Suite struct LaneControlTests {
  @Test("the request to end wakes whoever waits")
  func stopping() {
    let stopping = Stopping()
    #expect(!stopping.wait(.milliseconds(1)))
    stopping.request()
    stopping.request()
    #expect(stopping.wait(.seconds(600)))
    #expect(stopping.isRequested)
  }

  @Test("a lane is not ready until it has started, and says each cause")
  func status() {
    let status = LaneStatus("lane 1")
    #expect(status.sentences(quietAfter: .seconds(60)) == ["lane 1 is starting"])
    status.obstacle("start", nil)
    #expect(status.sentences(quietAfter: .seconds(60)).isEmpty)
    status.obstacle("kafka", "has no Kafka")
    status.obstacle("failure", "waits")
    #expect(status.sentences(quietAfter: .seconds(60)) == ["lane 1 waits", "lane 1 has no Kafka"])
  }
}
