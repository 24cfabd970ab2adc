import Contract
import Digest
import JSON
import Kafka
import TestKit
import Testing
import Values

@testable import Runtime

@Suite struct EnvelopeTests {
  /// What the record was read as, in one line: `source id happened trace`, or path and reason.
  private struct Case {
    let about: String
    let made: Scene.Made
    let expected: String
  }

  private static let now: Int64 = 1_790_000_000_000
  private static let taken = "2026-09-21T14:13:20.000000Z"
  private static let good = #"{"key": "k", "amount": 3}"#

  private static func made(
    _ value: String? = good, without: Set<String> = [], _ changed: [String: String] = [:], null: String? = nil
  ) -> Scene.Made {
    var attributes = [
      "ce_specversion": "1.0", "ce_type": "test.noted", "ce_source": "/s", "ce_id": "1",
      "content-type": "application/json",
    ].merging(changed) { $1 }
    for name in without { attributes[name] = nil }
    var headers = attributes.map { ($0.key, Optional(Array($0.value.utf8))) }
    if let null { headers.append((null, nil)) }
    return Scene.Made(key: "k", value: value, headers: headers, timestamp: now)
  }

  private static func structured(_ value: String?, type: String = "application/cloudevents+json") -> Scene.Made {
    Scene.Made(key: "k", value: value, headers: [("content-type", Array(type.utf8))], timestamp: now)
  }

  private static func envelope(_ more: String = "", data: String = good) -> String {
    #"{"specversion": "1.0", "type": "test.noted", "source": "/s", "id": "1"\#(more), "data": \#(data)}"#
  }

  private static let cases: [Case] = [
    Case(about: "binary mode", made: made(), expected: "/s 1 \(taken) -"),
    Case(
      about: "the event's own time", made: made(good, ["ce_time": "2026-09-20T10:00:00+08:00"]),
      expected: "/s 1 2026-09-20T02:00:00.000000Z -"),
    Case(
      about: "trace context", made: made(good, ["traceparent": "00-aa-bb-01"]), expected: "/s 1 \(taken) 00-aa-bb-01"),
    Case(about: "no trace context", made: made(good, ["traceparent": "a\u{0}b"]), expected: "/s 1 \(taken) -"),
    Case(
      about: "an endless trace context", made: made(good, ["traceparent": String(repeating: "a", count: 101)]),
      expected: "/s 1 \(taken) -"),
    Case(about: "unknown headers", made: made(good, ["x": "y", "ce_subject": "z"]), expected: "/s 1 \(taken) -"),
    Case(
      about: "unknown fields", made: made(#"{"key": "k", "colour": {"a": [1, 2]}}"#), expected: "/s 1 \(taken) -"),
    Case(about: "no value", made: made(nil), expected: "- empty"),
    Case(about: "an empty value", made: made(""), expected: "- empty"),
    Case(about: "only space", made: made("  \n"), expected: "- empty"),
    Case(about: "no JSON", made: made("{'key': 1}"), expected: "- not-json"),
    Case(about: "a frame", made: made("\u{0}\u{0}\u{0}\u{0}\u{7}{}"), expected: "- schema-registry-frame"),
    Case(about: "no object", made: made("[1]"), expected: "- wrong-type"),
    Case(about: "a field's type", made: made(#"{"key": 7}"#), expected: "key wrong-type"),
    Case(about: "a field that is missing", made: made(#"{"amount": 7}"#), expected: "key missing"),
    Case(
      about: "a number beyond its range", made: made(#"{"key": "k", "amount": -1}"#), expected: "amount out-of-range"),
    Case(about: "a NUL", made: made(#"{"key": "a\u0000b"}"#), expected: "- nul-character"),
    Case(
      about: "a megabyte of text", made: made(#"{"key": "\#(String(repeating: "a", count: 800_000))"}"#),
      expected: "key too-long"),
    Case(
      about: "a value beyond the topic's size", made: made(#"{"key": "\#(String(repeating: "a", count: 900_000))"}"#),
      expected: "- too-large"),
    Case(
      about: "another version", made: made(good, ["ce_specversion": "0.3"]), expected: "ce_specversion spec-version"),
    Case(
      about: "an id without a version", made: made(good, without: ["ce_specversion", "ce_source"]),
      expected: "ce_specversion missing"),
    Case(
      about: "a source without a version", made: made(good, without: ["ce_specversion", "ce_id"]),
      expected: "ce_specversion missing"),
    Case(
      about: "a version that is null", made: made(good, without: ["ce_specversion"], null: "ce_specversion"),
      expected: "ce_specversion missing"),
    Case(about: "no source", made: made(good, without: ["ce_source"]), expected: "ce_source missing"),
    Case(about: "an empty source", made: made(good, ["ce_source": ""]), expected: "ce_source missing"),
    Case(about: "no id", made: made(good, without: ["ce_id"]), expected: "ce_id missing"),
    Case(about: "no type", made: made(good, without: ["ce_type"]), expected: "ce_type unknown-type"),
    Case(about: "another type", made: made(good, ["ce_type": "a.b"]), expected: "ce_type unknown-type"),
    Case(
      about: "a long id", made: made(good, ["ce_id": String(repeating: "a", count: 401)]), expected: "ce_id too-long"),
    Case(
      about: "the longest id", made: made(good, ["ce_id": String(repeating: "a", count: 400)]),
      expected: "/s \(String(repeating: "a", count: 400)) \(taken) -"),
    Case(about: "a NUL in a source", made: made(good, ["ce_source": "a\u{0}"]), expected: "ce_source not-utf-8"),
    Case(
      about: "a time without zone", made: made(good, ["ce_time": "2026-09-20T10:00:00"]), expected: "ce_time not-a-time"
    ),
    Case(about: "a number for a time", made: made(good, ["ce_time": "1790000000"]), expected: "ce_time not-a-time"),
    Case(
      about: "the last century", made: made(good, ["ce_time": "1999-12-31T23:59:59Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "the first moment", made: made(good, ["ce_time": "2000-01-01T00:00:00Z"]),
      expected: "/s 1 2000-01-01T00:00:00.000000Z -"),
    Case(
      about: "the next century", made: made(good, ["ce_time": "2100-01-01T00:00:00Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "a day ahead of the broker", made: made(good, ["ce_time": "2026-09-22T14:13:20Z"]),
      expected: "/s 1 2026-09-22T14:13:20.000000Z -"),
    Case(
      about: "more than a day ahead", made: made(good, ["ce_time": "2026-09-22T14:13:20.000001Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "bare data", made: Scene.Made(key: "k", value: good, timestamp: now),
      expected: "test.noted test.noted/0/0/* \(taken) -"),
    Case(
      about: "bare data with another's headers",
      made: Scene.Made(key: "k", value: good, headers: [("__TypeId__", [1, 2])], timestamp: now),
      expected: "test.noted test.noted/0/0/* \(taken) -"),
    Case(about: "structured mode", made: structured(envelope()), expected: "/s 1 \(taken) -"),
    Case(
      about: "structured mode in capitals",
      made: structured(envelope(), type: "Application/CloudEvents+JSON; charset=UTF-8"),
      expected: "/s 1 \(taken) -"),
    Case(
      about: "time and trace, structured",
      made: structured(envelope(#", "time": "2026-09-20T10:00:00Z", "traceparent": "00-a""#)),
      expected: "/s 1 2026-09-20T10:00:00.000000Z 00-a"),
    Case(
      about: "an implausible time, structured", made: structured(envelope(#", "time": "2027-01-01T00:00:00Z""#)),
      expected: "time implausible-time"),
    Case(
      about: "a number for a time, structured", made: structured(envelope(#", "time": 1790000000"#)),
      expected: "time epoch-number"),
    Case(
      about: "structured without data",
      made: structured(#"{"specversion": "1.0", "type": "test.noted", "source": "/s", "id": "1"}"#),
      expected: "data missing"),
    Case(
      about: "structured without version", made: structured(#"{"type": "test.noted", "source": "/s", "id": "1"}"#),
      expected: "specversion missing"),
    Case(
      about: "another version, structured", made: structured(#"{"specversion": "2.0", "source": "/s", "id": "1"}"#),
      expected: "specversion spec-version"),
    Case(
      about: "another type, structured",
      made: structured(#"{"specversion": "1.0", "type": "x", "source": "/s", "id": "1", "data": {}}"#),
      expected: "type unknown-type"),
    Case(
      about: "a field of structured data", made: structured(envelope(data: #"{"key": 7}"#)),
      expected: "data.key wrong-type"),
    Case(about: "structured and empty", made: structured(nil), expected: "- empty"),
  ]

  @Test("every form of an event is read, and every fault refused with its path and reason")
  func table() async throws {
    try await EnvelopeTests.withRecords(EnvelopeTests.cases.map(\.made)) { batch in
      let reader = EnvelopeReader<Noted>(worker: "w")
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
      let reader = EnvelopeReader<Noted>(worker: "w")
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
      let reader = EnvelopeReader<Noted>(worker: "w")
      let all = batch.indices.map { EnvelopeTests.identity(reader.read(batch[$0])) }
      let first = try #require(all[0])
      #expect(all[1]?.key == first.key && all[1]?.data == first.data)
      #expect(all[2]?.key == first.key && all[2]?.data != first.data)
      #expect(all[3]?.key != first.key && all[3]?.data == first.data)
      #expect(all[4]?.key != first.key && all[4]?.key != all[3]?.key)
      #expect(all[5] == nil, "no part can be moved from the source to the id")
      #expect(all[6]?.key == first.key && all[6]?.data == first.data, "the mode makes no difference")
      #expect(all[7]?.key == first.key && all[7]?.data == first.data, "a repeat may bring another time")
      let another = EnvelopeTests.identity(EnvelopeReader<Noted>(worker: "v").read(batch[0]))
      #expect(another?.key != first.key)
      #expect(EnvelopeTests.identity(EnvelopeReader<Noted>(worker: "w").read(batch[0]))?.key == first.key)
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
      let reader = EnvelopeReader<Echo>(worker: "w")
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
      #expect(EnvelopeTests.line(EnvelopeReader<Several>(worker: "w").read(batch[0])) == "ce_type no-type")
    }
  }

  @Test("a record is known again by key and value")
  func checksum() async throws {
    let made = [("a", "b"), ("a", "b"), ("a", "c"), ("b", "b")].map { Scene.Made(key: $0.0, value: $0.1) }
    try await EnvelopeTests.withRecords(made) { batch in
      let reader = EnvelopeReader<Noted>(worker: "w")
      let sums = batch.indices.map { reader.checksum(batch[$0]) }
      #expect(sums[0] == sums[1] && Set(sums).count == 3)
    }
  }

  @Test("every reason for which an event is refused stands in the table for producers, and no other")
  func reasons() throws {
    let used = try SourceText.all(under: "Core", "Topics", "Workers").flatMap { file in
      file.text.matches(of: /(?:Refusal\(|throw fault\(|refuse\()\s*"([a-z0-9-]+)"/).map { String($0.1) }
    }
    let page = try SourceText.read("Topics/README.md")
    let section = try #require(page.components(after: "## Why an event is refused"))
    let told = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
      .flatMap { $0.split(separator: "|")[0].matches(of: /`([a-z0-9-]+)`/).map { String($0.1) } }
    #expect(Set(told) == Set(used).union(["not-a-number", "unknown-country"]))
    #expect(told.count == Set(told).count)
  }

  // MARK: Parts

  private enum Several: Event {
    case one
    static let topic = Topic("test.several", key: "key", origin: .outside)
    static let types = ["test.one", "test.two"]
    var key: String { "" }
    init(type: String, reading data: JSONObject) throws(Refusal) { self = .one }
    func write(to data: inout JSONWriter) {}
  }

  private static func line<Input>(_ read: EnvelopeReader<Input>.Read) -> String {
    switch read.outcome {
    case .event(let event, _): "\(event.source) \(event.id) \(event.happened.rfc3339) \(event.trace ?? "-")"
    case .refused(let refusal): "\(refusal.path.isEmpty ? "-" : refusal.path) \(refusal.reason)"
    }
  }

  private static func identity(_ read: EnvelopeReader<Noted>.Read) -> (key: Fingerprint, data: Int64)? {
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
