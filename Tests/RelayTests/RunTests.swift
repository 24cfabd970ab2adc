import Seeding
import Testing
import Values

@testable import Relay

@Suite struct RunTests {
  @Test("small rows are read together, up to the bounds")
  func together() {
    let run = run(.events(10, bytes: 400), .events(10, bytes: 400), .events(10, bytes: 400), .events(1, bytes: 1))
    #expect(run.portions(of: 0..<31, bytes: 1000, events: 100) == [.rows(0..<2), .rows(2..<4)])
    #expect(run.portions(of: 0..<31, bytes: 10_000, events: 20) == [.rows(0..<2), .rows(2..<4)])
  }

  @Test("a row that is too large is read in parts, by the average size of its events")
  func parts() {
    let run = run(.events(10, bytes: 1000), .events(2, bytes: 10))
    #expect(
      run.portions(of: 0..<12, bytes: 400, events: 100)
        == [.part(row: 0, 0..<4), .part(row: 0, 4..<8), .part(row: 0, 8..<10), .rows(1..<2)])
  }

  @Test("one event that is larger than the bound is read alone")
  func huge() {
    let run = run(.events(2, bytes: 5000))
    #expect(run.portions(of: 0..<2, bytes: 100, events: 100) == [.part(row: 0, 0..<1), .part(row: 0, 1..<2)])
  }

  @Test("a stretch of indexes reads no more than the rows and parts that it names")
  func stretch() {
    let run = run(.events(4, bytes: 10), .letters(4), .events(4, bytes: 10))
    #expect(
      run.portions(of: 2..<9, bytes: 100, events: 100)
        == [.part(row: 0, 2..<4), .letters(row: 1, 0..<4), .part(row: 2, 0..<1)])
    #expect(run.portions(of: 5..<6, bytes: 100, events: 100) == [.letters(row: 1, 1..<2)])
    #expect(run.portions(of: 4..<4, bytes: 100, events: 100) == [])
  }

  @Test("portions cover every index of the stretch once, in order")
  func cover() {
    var random = Seeded()
    for _ in 0..<300 {
      let run = run(
        (0..<Int.random(in: 1...8, using: &random)).map { _ in
          Bool.random(using: &random)
            ? .letters(Int.random(in: 1...9, using: &random))
            : .events(Int.random(in: 0...30, using: &random), bytes: Int.random(in: 0...3000, using: &random))
        })
      let from = Int.random(in: 0...run.count, using: &random)
      let stretch = from..<Int.random(in: from...run.count, using: &random)
      let covered = run.portions(of: stretch, bytes: 500, events: 10).flatMap { portion -> [Int] in
        switch portion {
        case .rows(let places): run.rows[places].flatMap { Array($0.indexes) }
        case .part(let place, let part), .letters(let place, let part): part.map { $0 + run.rows[place].first }
        }
      }
      #expect(covered == Array(stretch))
    }
  }

  @Test("a dead letter gets smaller twice, then no more")
  func shrinking() {
    let run = run(.letters(1))
    #expect(run.shrink(0) && run.sizes[0] == .withoutValue)
    #expect(run.shrink(0) && run.sizes[0] == .bare)
    #expect(!run.shrink(0))
  }
}

@Suite struct RunPiecesTests {
  @Test("a run that goes well is one piece")
  func whole() {
    var pieces = RunPieces(5)
    #expect(pieces.next == 0..<5)
    pieces.committed()
    #expect(pieces.next == nil)
    #expect(RunPieces(0).next == nil)
  }

  @Test("one refused record is set apart from what is before and after it")
  func single() {
    var pieces = RunPieces(10)
    let isSplit = pieces.split(at: [4])
    #expect(isSplit)
    #expect(pieces.rest == [0..<4, 4..<5, 5..<10])
  }

  @Test("a piece of one record does not split: it is the culprit")
  func culprit() {
    var pieces = RunPieces(1)
    let isSplit = pieces.split(at: [0])
    #expect(!isSplit)
    #expect(pieces.next == 0..<1)
  }

  @Test("whichever records are refused and however many a broker blames, all others go out once, in order")
  func search() {
    var random = Seeded()
    for _ in 0..<500 {
      let count = Int.random(in: 1...60, using: &random)
      let bad = Set((0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0..<count, using: &random) })
      let batch = Int.random(in: 1...20, using: &random)
      var pieces = RunPieces(count)
      var sent: [Int] = []
      var refused: Set<Int> = []
      var attempts = 0
      while let piece = pieces.next {
        attempts += 1
        #expect(attempts < 1000)
        // A broker refuses whole batches: every record that travelled with a bad one is blamed.
        let blamed = piece.filter { index in
          !refused.contains(index)
            && bad.contains { !refused.contains($0) && piece.contains($0) && $0 / batch == index / batch }
        }
        if blamed.isEmpty {
          sent += piece.filter { !refused.contains($0) }
          pieces.committed()
        } else if !pieces.split(at: blamed) {
          refused.insert(piece.lowerBound)
        }
      }
      #expect(refused == bad)
      #expect(sent == (0..<count).filter { !bad.contains($0) })
    }
  }
}

@Suite struct LeaseTests {
  @Test("a lease is renewed after a third of it, and ends with it, counted from when it was asked for")
  func clock() {
    var clock = LeaseClock(.seconds(3), asked: .seconds(10))
    #expect(!clock.isDue(.seconds(10.9)) && clock.isDue(.seconds(11)))
    #expect(clock.isValid(.seconds(12.9)) && !clock.isValid(.seconds(13)))
    clock.renewed(asked: .seconds(12))
    #expect(!clock.isDue(.seconds(12.5)) && clock.isValid(.seconds(14)))
  }

  @Test("who stands by asks when the lease is over, and every half second until then: it may be given up before")
  func standingBy() {
    for (left, rest) in [(0, 20), (7, 20), (300, 300), (500, 500), (3000, 500), (60_000, 500)] as [(Int64, Int64)] {
      #expect(LeaseClock.rest(whileOthersHaveIt: .milliseconds(left)) == .milliseconds(rest))
    }
  }

  @Test("the outbox is looked at every 10 ms, ever slower up to 200 ms while nothing comes")
  func pace() {
    var pace = Pace()
    let rests = (0..<100).map { _ in pace.foundNothing() }
    #expect(rests.first == .milliseconds(10) && rests.last == .milliseconds(200))
    let inTheFirstSecond = rests.reduce(into: (passed: Duration.zero, longest: Duration.zero)) { so, rest in
      if so.passed < .seconds(1) { so = (so.passed + rest, max(so.longest, rest)) }
    }
    #expect(inTheFirstSecond.longest < .milliseconds(70))
    #expect(zip(rests, rests.dropFirst()).allSatisfy { $0 <= $1 })
    let busy = [pace.foundSome(), pace.foundNothing()]
    #expect(busy == [.milliseconds(10), .milliseconds(10)])
  }
}

private enum Made {
  case events(Int, bytes: Int)
  case letters(Int)
}

private func run(_ rows: Made...) -> Run { run(rows) }

private func run(_ made: [Made]) -> Run {
  var rows: [Run.Row] = []
  var first = 0
  for (place, row) in made.enumerated() {
    let (count, bytes, isLetters) =
      switch row {
      case .events(let count, let bytes): (count, bytes, false)
      case .letters(let count): (count, 0, true)
      }
    rows.append(
      Run.Row(
        id: Int64(place + 1), topic: "t", source: "/s", emitted: Timestamp(microseconds: 0), isLetters: isLetters,
        count: count, bytes: bytes, first: first))
    first += count
  }
  return Run(1, rows, count: first)
}

extension RunPieces {
  /// The pieces that are left, in the order in which they go.
  fileprivate var rest: [Range<Int>] {
    var copy = self
    var all: [Range<Int>] = []
    while let next = copy.next {
      all.append(next)
      copy.committed()
    }
    return all
  }
}
