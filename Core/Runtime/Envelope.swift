internal import Contract
internal import Digest
internal import Glibc
internal import JSON
internal import Kafka
internal import Settings
internal import Values

/// Reads records as events: CloudEvents 1.0 in Kafka's binary and structured mode, or bare data of a topic's only type.
///
/// Source: CloudEvents Kafka protocol binding 1.0.2. One per lane; not shared between threads.
final class EnvelopeReader<Input: Event, Reading: Sendable> {
  private let worker: String
  private let topic: Topic
  private let epoch: Int64
  private let tape = JSONTape()
  private let sha = SHA256()
  private var lastSource = ""
  private let secret: [UInt8]
  private let reading: (Input, Timestamp) -> Reading

  /// - Parameters:
  ///   - epoch: raised when a topic is re-created, so that ids made from offsets stay unique.
  ///   - secret: what the fingerprints of data are made with.
  ///   - reading: what the worker makes of an event and the time at which it happened.
  init(
    worker: String, epoch: Int64 = 0, secret: Secret? = nil, reading: @escaping (Input, Timestamp) -> Reading
  ) {
    self.worker = worker
    self.epoch = epoch
    self.secret = secret.map { Array($0.reveal().utf8) } ?? []
    topic = Input.topic
    self.reading = reading
  }

  /// Where an event stands in the relay's stream, for topics that only our relay writes.
  struct Read {
    var relayed: RelayMark?
    var source: String?
    var id: String?
    var outcome: ReadOutcome<Reading>
  }

  func read(_ record: Record) -> Read {
    var attributes = Attributes()
    attributes.collect(from: record)
    var read = Read(outcome: .refused(Refusal("empty", "the message has no value")))
    do throws(Refusal) {
      read.relayed = try relayMark(attributes)
      if attributes.isStructured {
        read.outcome = try structured(record, &read)
      } else if attributes.areCloudEvents {
        guard attributes.specVersion != nil else {
          throw Refusal("missing", at: "ce_specversion", "the attribute is required: 1.0")
        }
        read.source = try text(attributes.source, "ce_source", 400)
        read.id = try text(attributes.id, "ce_id", 400)
        read.outcome = try binary(record, attributes, read)
      } else {
        read.source = topic.name
        read.id = "\(topic.name)/\(epoch)/\(record.partition)/\(record.offset)"
        read.outcome = try bare(record, attributes, read)
      }
    } catch {
      read.outcome = .refused(error)
    }
    return read
  }

  // MARK: The three forms

  private func binary(_ record: Record, _ attributes: Attributes, _ read: Read) throws(Refusal) -> ReadOutcome<Reading>
  {
    guard attributes.specVersion?.holds("1.0") == true else {
      throw Refusal("spec-version", at: "ce_specversion", "CloudEvents 1.0 was expected")
    }
    let type = try knownType(attributes.type.map { String(decoding: $0, as: UTF8.self) }, at: "ce_type")
    var happened = Timestamp(milliseconds: record.timestampMilliseconds ?? 0)
    if let time = attributes.time {
      guard let read = Timestamp(rfc3339: time) else {
        throw Refusal("not-a-time", at: "ce_time", "RFC 3339 with a zone was expected")
      }
      happened = try plausible(read, record, at: "ce_time")
    }
    return try data(record.value, type, happened, attributes, read)
  }

  private func bare(_ record: Record, _ attributes: Attributes, _ read: Read) throws(Refusal) -> ReadOutcome<Reading> {
    guard Input.types.count == 1 else {
      throw Refusal("no-type", at: "ce_type", "this topic has several types of events: set CloudEvents attributes")
    }
    let happened = Timestamp(milliseconds: record.timestampMilliseconds ?? 0)
    return try data(record.value, Input.types[0], happened, attributes, read)
  }

  private func data(
    _ value: UnsafeRawBufferPointer?, _ type: String, _ happened: Timestamp, _ attributes: Attributes, _ read: Read
  ) throws(Refusal) -> ReadOutcome<Reading> {
    guard let value, value.count > 0 else { throw Refusal("empty", "the message has no value") }
    try checkSize(value)
    let event = try tape.read(value) { object throws(Refusal) in try Input(type: type, reading: object) }
    var signature: Signature?
    if let hex = attributes.signature, let id = attributes.id, let time = attributes.time {
      signature = Signature(hex: hex, id: id, time: time, data: value)
    }
    return outcome(event, read, happened, attributes.trace, data: value, signature)
  }

  private func structured(_ record: Record, _ read: inout Read) throws(Refusal) -> ReadOutcome<Reading> {
    guard let value = record.value, value.count > 0 else { throw Refusal("empty", "the message has no value") }
    try checkSize(value)
    var source: String?
    var id: String?
    defer { (read.source, read.id) = (source, id) }
    let relayed = read.relayed
    return try tape.read(value) { (envelope: JSONObject) throws(Refusal) -> ReadOutcome<Reading> in
      guard try envelope.text("specversion") == "1.0" else {
        throw Refusal("spec-version", at: "specversion", "CloudEvents 1.0 was expected")
      }
      source = try envelope.text("source", 1...400)
      id = try envelope.text("id", 1...400)
      let type = try knownType(try envelope.text("type"), at: "type")
      var happened = Timestamp(milliseconds: record.timestampMilliseconds ?? 0)
      if let time = try envelope.optionalTimestamp("time") { happened = try plausible(time, record, at: "time") }
      let trace = try envelope.optionalText("traceparent", 0...100)
      let event = try Input(type: type, reading: try envelope.object("data"))
      let data = try envelope.raw("data") ?? UnsafeRawBufferPointer(start: nil, count: 0)
      let named = Read(relayed: relayed, source: source, id: id, outcome: .refused(Refusal("empty", "")))
      return outcome(event, named, happened, trace, data: data)
    }
  }

  private func outcome(
    _ event: Input, _ read: Read, _ happened: Timestamp, _ trace: String?, data: UnsafeRawBufferPointer,
    _ signature: Signature? = nil
  ) -> ReadOutcome<Reading> {
    let source = read.source ?? topic.name
    let id = read.id ?? ""
    let identity = topic.origin == .outside ? identity(source, id, data) : .none
    return .event(
      Delivery(
        reading(event, happened), source: source, id: id, happened: happened, trace: trace, signature: signature),
      identity)
  }

  // MARK: Parts

  private func relayMark(_ attributes: Attributes) throws(Refusal) -> RelayMark? {
    guard topic.origin == .relay else { return nil }
    guard let run = attributes.run.flatMap({ Int64(String(decoding: $0, as: UTF8.self)) }),
      let index = attributes.index.flatMap({ Int32(String(decoding: $0, as: UTF8.self)) })
    else { throw Refusal("not-relayed", at: "millrace_run", "only this system's relay writes to this topic") }
    return RelayMark(run: run, index: index)
  }

  /// When it happened decides over clocks and order: a date that cannot be right must not.
  private func plausible(_ time: Timestamp, _ record: Record, at path: String) throws(Refusal) -> Timestamp {
    guard PlausibleTime.range.contains(time) else {
      throw Refusal("implausible-time", at: path, "a time from the year 2000 up to 2100 was expected")
    }
    if let taken = record.timestampMilliseconds {
      guard time <= Timestamp(milliseconds: taken).adding(seconds: PlausibleTime.ahead) else {
        throw Refusal("implausible-time", at: path, "it lies more than a day after the record's own time")
      }
    }
    return time
  }

  private func knownType(_ type: String?, at path: String) throws(Refusal) -> String {
    guard let known = Input.types.first(where: { $0 == type }) else {
      let types = Input.types.joined(separator: ", ")
      throw Refusal("unknown-type", at: path, "this topic carries \(types)")
    }
    return known
  }

  private func checkSize(_ value: UnsafeRawBufferPointer) throws(Refusal) {
    guard value.count <= topic.largestValue else {
      throw Refusal("too-large", "at most \(topic.largestValue) bytes are taken, \(value.count) were found")
    }
  }

  /// An attribute that will be kept as text: UTF-8, no NUL, bounded.
  private func text(_ bytes: UnsafeRawBufferPointer?, _ name: String, _ limit: Int) throws(Refusal) -> String {
    guard let bytes, bytes.count > 0 else { throw Refusal("missing", at: name, "the attribute is required") }
    guard bytes.count <= limit else { throw Refusal("too-long", at: name, "at most \(limit) bytes are taken") }
    if bytes.holds(&lastSource) { return lastSource }
    guard let value = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw Refusal("not-utf-8", at: name, "the attribute is not UTF-8 text")
    }
    if name == "ce_source" { lastSource = value }
    return value
  }

  /// The fingerprint of (worker, topic, source, id) and the first 64 bits of that of the data.
  private func identity(_ source: String, _ id: String, _ data: UnsafeRawBufferPointer) -> Identity {
    sha.begin()
    for part in [worker, topic.name, source, id] {
      var part = part
      var length = UInt32(part.utf8.count).bigEndian
      withUnsafeBytes(of: &length) { sha.add($0) }
      part.withUTF8 { sha.add(UnsafeRawBufferPointer($0)) }
    }
    let key = sha.end()
    sha.begin()
    // The middle of a digest is all that is kept of it: no use to whoever would lengthen the data.
    secret.withUnsafeBytes { sha.add($0) }
    sha.add(data)
    return .outside(key, data: sha.end().short)
  }

  /// What is kept of the record that was passed last, to know it again.
  func checksum(_ record: Record) -> Int64 {
    sha.begin()
    if let key = record.key { sha.add(key) }
    if let value = record.value { sha.add(value) }
    return sha.end().short
  }
}

/// What a record was read as.
enum ReadOutcome<Reading: Sendable> {
  case event(Delivery<Reading>, Identity)
  case refused(Refusal)
  /// Published before the database was set back behind it: nobody knows of it any more.
  case lost
}

private enum PlausibleTime {
  /// From 2000-01-01 up to 2100-01-01, UTC.
  static let range =
    Timestamp(microseconds: 946_684_800_000_000)..<Timestamp(microseconds: 4_102_444_800_000_000)
  /// Seconds that a producer's clock, or its idea of zones, may be ahead of the broker's.
  static let ahead: Int64 = 86_400
}

/// How repeats of an event are known.
enum Identity {
  /// From our relay: by run and index. Of a versioned topic: by the worker.
  case none
  case outside(Fingerprint, data: Int64)
}

extension UnsafeRawBufferPointer {
  /// Whether these are the bytes of a literal of the same length. `elementsEqual` goes through generic iterators.
  fileprivate func holds(_ text: StaticString) -> Bool {
    guard let baseAddress else { return false }
    return count == text.utf8CodeUnitCount && memcmp(baseAddress, text.utf8Start, count) == 0
  }

  fileprivate func holds(_ text: inout String) -> Bool {
    text.withUTF8 { text in
      guard let baseAddress, let other = text.baseAddress else { return count == text.count }
      return count == text.count && memcmp(baseAddress, other, count) == 0
    }
  }
}

/// The headers that matter, found in one pass. Views into the record.
private struct Attributes {
  var specVersion: UnsafeRawBufferPointer?
  var source: UnsafeRawBufferPointer?
  var id: UnsafeRawBufferPointer?
  var type: UnsafeRawBufferPointer?
  var time: UnsafeRawBufferPointer?
  var run: UnsafeRawBufferPointer?
  var index: UnsafeRawBufferPointer?
  var trace: String?
  var signature: UnsafeRawBufferPointer?
  var isStructured = false
  /// One of the required attributes is there: then all must be.
  var areCloudEvents: Bool { specVersion != nil || source != nil || id != nil }

  mutating func collect(from record: Record) {
    record.forEachHeader { name, value in
      guard let value else { return }
      switch name.count {
      case 5 where name.holds("ce_id"): id = value
      case 7 where name.holds("ce_type"): type = value
      case 7 where name.holds("ce_time"): time = value
      case 9 where name.holds("ce_source"): source = value
      case 14 where name.holds("ce_specversion"): specVersion = value
      case 12 where name.holds("millrace_run"): run = value
      case 14 where name.holds("millrace_index"): index = value
      case 18 where name.holds("millrace_signature"): signature = value
      case 12 where name.holds("content-type"):
        isStructured = Attributes.starts(value, with: "application/cloudevents")
      case 11 where name.holds("traceparent"), 14 where name.holds("ce_traceparent"):
        trace = Attributes.traceContext(value)
      default: break
      }
    }
  }

  /// Media types are the same in either case (RFC 9110). `prefix` is in small letters.
  private static func starts(_ value: UnsafeRawBufferPointer, with prefix: StaticString) -> Bool {
    guard value.count >= prefix.utf8CodeUnitCount else { return false }
    for place in 0..<prefix.utf8CodeUnitCount {
      let byte = value[place]
      let small = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
      if small != prefix.utf8Start[place] { return false }
    }
    return true
  }

  /// What is no `traceparent` is left out, as W3C Trace Context wants: it is never a reason to refuse the event.
  private static func traceContext(_ value: UnsafeRawBufferPointer) -> String? {
    guard (1...100).contains(value.count), value.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return String(decoding: value, as: UTF8.self)
  }
}
