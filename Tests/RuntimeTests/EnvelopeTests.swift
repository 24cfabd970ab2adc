import Contract
import Digest
import JSON
import Kafka
import Settings
import TestKit
import Testing
import Values

@testable import Runtime

@Suite struct EnvelopeTests {
  @Test("every form of an event is read, and every fault refused with its path and reason")
  func table() async throws {
    try await EnvelopeTests.withRecords(EnvelopeTests.cases.map(\.made)) { batch in
      let reader = EnvelopeReader<Noted, Noted>(worker: "w")
      for (place, one) in EnvelopeTests.cases.enumerated() {
        let found = EnvelopeTests.line(reader.read(batch[place]))
        #expect(found == one.expected.replacing("*", with: "\(place)"), "\(one.about)")
      }
    }
  }

  @Test("a refused event still says whose it was, where its envelope told")
  func origin() async throws {
    let faults = [
      EnvelopeTests.made("{"), EnvelopeTests.made(#"{"key": 7}"#),
      EnvelopeTests.structured(EnvelopeTests.envelope(data: "7")),
    ]
    try await EnvelopeTests.withRecords(faults) { batch in
      let reader = EnvelopeReader<Noted, Noted>(worker: "w")
      for place in batch.indices {
        let read = reader.read(batch[place])
        #expect(read.source == "/s" && read.id == "1")
      }
    }
  }

  @Test("identity is worker, topic, source and id; its data are the bytes as they came")
  func identity() async throws {
    let spaced = #"{"key":  "k", "amount": 3}"#
    let made = [
      EnvelopeTests.made(), EnvelopeTests.made(), EnvelopeTests.made(spaced),
      EnvelopeTests.made(EnvelopeTests.good, ["ce_id": "2"]),
      EnvelopeTests.made(EnvelopeTests.good, ["ce_source": "/t"]),
      EnvelopeTests.made(EnvelopeTests.good, ["ce_source": "/s1", "ce_id": ""]),
      EnvelopeTests.structured(EnvelopeTests.envelope()),
      EnvelopeTests.made(EnvelopeTests.good, ["ce_time": "2026-09-20T10:00:00Z"]),
    ]
    try await EnvelopeTests.withRecords(made) { batch in
      let reader = EnvelopeReader<Noted, Noted>(worker: "w")
      let all = batch.indices.map { EnvelopeTests.identity(reader.read(batch[$0])) }
      let first = try #require(all[0])
      #expect(all[1]?.key == first.key && all[1]?.data == first.data)
      #expect(all[2]?.key == first.key && all[2]?.data != first.data)
      #expect(all[3]?.key != first.key && all[3]?.data == first.data)
      #expect(all[4]?.key != first.key && all[4]?.key != all[3]?.key)
      #expect(all[5] == nil, "no part can be moved from the source to the id")
      #expect(all[6]?.key == first.key && all[6]?.data == first.data, "the mode makes no difference")
      #expect(all[7]?.key == first.key && all[7]?.data == first.data, "a repeat may bring another time")
      let another = EnvelopeTests.identity(EnvelopeReader<Noted, Noted>(worker: "v").read(batch[0]))
      #expect(another?.key != first.key)
      #expect(EnvelopeTests.identity(EnvelopeReader<Noted, Noted>(worker: "w").read(batch[0]))?.key == first.key)
    }
  }

  @Test("a topic that only our relay writes wants run and index, and knows repeats by them")
  func relayed() async throws {
    let echo = ["ce_type": "test.echo", "ce_source": "/millrace/x"]
    let data = #"{"key": "k", "number": 1}"#
    let made = [
      EnvelopeTests.made(data, echo.merging(["millrace_run": "7", "millrace_index": "2"]) { $1 }),
      EnvelopeTests.made(data, echo),
      EnvelopeTests.made(data, echo.merging(["millrace_run": "7"]) { $1 }),
      EnvelopeTests.made(data, echo.merging(["millrace_run": "seven", "millrace_index": "2"]) { $1 }),
      EnvelopeTests.made("{", echo.merging(["millrace_run": "7", "millrace_index": "3"]) { $1 }),
    ]
    try await EnvelopeTests.withRecords(made) { batch in
      let reader = EnvelopeReader<Echo, Echo>(worker: "w")
      let reads = batch.indices.map { reader.read(batch[$0]) }
      #expect(reads[0].relayed == RelayMark(run: 7, index: 2))
      if case .event(_, .none) = reads[0].outcome {} else { Issue.record("\(reads[0])") }
      for place in 1...3 { #expect(EnvelopeTests.line(reads[place]) == "millrace_run not-relayed") }
      #expect(reads[4].relayed == RelayMark(run: 7, index: 3), "what is refused has its place in the run all the same")
      #expect(EnvelopeTests.line(reads[4]) == "- not-json")
    }
  }

  @Test("bare data on a topic with several types says nothing of its type")
  func severalTypes() async throws {
    try await EnvelopeTests.withRecords([Scene.Made(value: EnvelopeTests.good)]) { batch in
      #expect(EnvelopeTests.line(EnvelopeReader<Several, Several>(worker: "w").read(batch[0])) == "ce_type no-type")
    }
  }

  @Test("a record is known again by key and value")
  func checksum() async throws {
    let made = [("a", "b"), ("a", "b"), ("a", "c"), ("b", "b")].map { Scene.Made(key: $0.0, value: $0.1) }
    try await EnvelopeTests.withRecords(made) { batch in
      let reader = EnvelopeReader<Noted, Noted>(worker: "w")
      let sums = batch.indices.map { reader.checksum(batch[$0]) }
      #expect(sums[0] == sums[1] && Set(sums).count == 3)
    }
  }

  @Test("every reason for which an event is refused stands in the table for producers, and no other")
  func reasons() throws {
    // These come in files, by a command, never in an event.
    let files = [
      "Core/Templates/", "Core/Gateways/", "Core/Campaigns/", "Core/JSON/KnownFields.swift", "Core/Tables/",
      "Core/Imports/",
    ]
    let sources = try SourceText.all(under: "Core", "Topics", "Workers").filter { source in
      !files.contains { source.path.hasPrefix($0) }
    }
    let used = sources.flatMap { file in
      file.text.matches(of: /(?:Refusal\(|throw fault\(|refuse\()\s*"([a-z0-9-]+)"/).map { String($0.1) }
    }
    let page = try SourceText.read("Topics/README.md")
    let section = try #require(page.components(after: "## Why an event is refused"))
    let told = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
      .flatMap { $0.split(separator: "|")[0].matches(of: /`([a-z0-9-]+)`/).map { String($0.1) } }
    // What phones are refused for is not written out where it happens.
    let phones = ["not-a-number", "unknown-country", "too-short", "too-long", "local-only", "impossible-length"]
    #expect(Set(told) == Set(used).union(phones))
    #expect(told.count == Set(told).count)
  }

  // MARK: Parts

  @Test("under a secret the same data are known again, and nobody without it can try data out") func secret()
    async throws
  {
    try await EnvelopeTests.withRecords([EnvelopeTests.made()]) { batch in
      func data(_ secret: Secret?) -> Int64? {
        EnvelopeTests.identity(EnvelopeReader<Noted, Noted>(worker: "w", secret: secret).read(batch[0]))?.data
      }
      #expect(data(Secret("one")) == data(Secret("one")))
      #expect(Set([data(nil), data(Secret("one")), data(Secret("two"))]).count == 3)
    }
  }

  private enum Several: Event {
    case one
    static let topic = Topic("test.several", key: "key", origin: .outside)
    static let types = ["test.one", "test.two"]
    var key: String { "" }
    init(type: String, reading data: JSONObject) throws(Refusal) { self = .one }
    func write(to data: inout JSONWriter) {}
  }

  private static func line<Input>(_ read: EnvelopeReader<Input, Input>.Read) -> String {
    switch read.outcome {
    case .event(let event, _): "\(event.source) \(event.id) \(event.happened.rfc3339) \(event.trace ?? "-")"
    case .refused(let refusal): "\(refusal.path.isEmpty ? "-" : refusal.path) \(refusal.reason)"
    case .lost: "lost"
    }
  }

  private static func identity(_ read: EnvelopeReader<Noted, Noted>.Read) -> (key: Fingerprint, data: Int64)? {
    if case .event(_, .outside(let key, let data)) = read.outcome { (key, data) } else { nil }
  }

  /// Sends them through mock brokers: a record exists only as librdkafka gives it.
  private static func withRecords(
    _ made: [Scene.Made], _ body: @escaping @Sendable (RecordBatch) throws -> Void
  ) async throws {
    try await Scene.play { scene in
      try scene.publish(made)
      let consumer = try Consumer(
        group: "read", topics: [Noted.topic.name], properties: scene.cluster.properties(),
        bounds: ConsumerBounds(batchRecords: 1000, batchBytes: 64 << 20))
      let batch = RecordBatch()
      try scene.session.waitUntil("\(made.count) records") {
        _ = consumer.poll(into: batch, upTo: PollLimit(records: made.count), wait: .milliseconds(50))
        if case .assigned(let partitions) = consumer.rebalance {
          try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }))
        }
        return batch.count == made.count
      }
      try body(batch)
      batch.removeAll()
      consumer.close(within: .seconds(2))
    }
  }
}

extension EnvelopeReader where Reading == Input {
  /// Of a worker that sees events as they are.
  fileprivate convenience init(worker: String, secret: Secret? = nil) {
    self.init(worker: worker, secret: secret) { event, _ in event }
  }
}
