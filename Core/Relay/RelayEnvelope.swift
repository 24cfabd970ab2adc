internal import Kafka
internal import Postgres
internal import Values

/// The headers of what the relay sends, built in one buffer that is used again for every record.
///
/// Events are CloudEvents 1.0 in Kafka's binary mode (Kafka protocol binding 1.0.2) with `traceparent` (W3C) and our
/// `millrace_run` and `millrace_index`. Dead letters keep their own headers and get those of KIP-1191.
final class RelayEnvelope {
  private(set) var headers = MessageHeaders()
  private var number = DecimalText()
  private var row: [UInt8] = []
  private var run: [UInt8] = []
  private var source: [UInt8] = []
  private var time: [UInt8] = []

  /// What all events of a row have in common.
  func begin(_ run: Int64, _ row: Run.Row) {
    self.run = Array(String(run).utf8)
    self.row = Array("\(row.id).".utf8)
    source = Array(row.source.utf8)
    time = Array(row.emitted.rfc3339.utf8)
  }

  /// - Parameter id: the event's CloudEvents id; nil or empty makes it `row.place`, the same whenever it is sent.
  func event(
    index: Int, inRow place: Int, type: UnsafeRawBufferPointer?, trace: UnsafeRawBufferPointer?,
    id: UnsafeRawBufferPointer?
  ) {
    headers.removeAll()
    RelayEnvelope.version.withUnsafeBytes { headers.append("ce_specversion", $0) }
    if let id, id.count > 0 {
      headers.append("ce_id", id)
    } else {
      number.with(place, after: row) { headers.append("ce_id", $0) }
    }
    source.withUnsafeBytes { headers.append("ce_source", $0) }
    headers.append("ce_type", type)
    time.withUnsafeBytes { headers.append("ce_time", $0) }
    RelayEnvelope.json.withUnsafeBytes { headers.append("content-type", $0) }
    if let trace, trace.count > 0 { headers.append("traceparent", trace) }
    run.withUnsafeBytes { headers.append("millrace_run", $0) }
    number.with(index, after: []) { headers.append("millrace_index", $0) }
  }

  /// - Parameter letter: columns as `RunReader.letters` selects them.
  func letter(_ letter: Row, run: Int64, index: Int, _ size: LetterSize, isReplay: Bool) {
    headers.removeAll()
    if size != .bare {
      for (name, value) in zip(letter.views(7), letter.views(8)) {
        if let name { headers.append(name, value) }
      }
    }
    if !isReplay { addErrors(letter, size) }
    // Last: where the letter came through the relay it has older ones, and the last of a name counts.
    headers.append("millrace_run", String(run))
    headers.append("millrace_index", String(index))
  }

  private func addErrors(_ letter: Row, _ size: LetterSize) {
    let path = letter.text(9)
    let detail = String(letter.text(11).prefix(1000))
    headers.append("__dlq.errors.topic", letter.view(2))
    headers.append("__dlq.errors.partition", String(letter.integer(3)))
    headers.append("__dlq.errors.offset", String(letter.integer(4)))
    headers.append("__dlq.errors.group", letter.view(1))
    headers.append("__dlq.errors.delivery.count", String(letter.integer(12) + 1))
    headers.append("__dlq.errors.message", path.isEmpty ? detail : "\(path): \(detail)")
    headers.append("millrace_dead_letter", String(letter.integer(0)))
    headers.append("millrace_reason", letter.view(10))
    headers.append("millrace_path", letter.view(9))
    if size != .whole {
      let left = size == .bare ? "key, value and headers" : "the value"
      headers.append("millrace_left_out", "\(left): too large here; dead letter \(letter.integer(0)) holds the whole")
    }
  }

  private static let version = Array("1.0".utf8)
  private static let json = Array("application/json".utf8)
}

/// Writes whole numbers without allocating.
private struct DecimalText {
  private var bytes = [UInt8](repeating: 0, count: 64)

  mutating func with(_ value: Int, after prefix: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
    var digits = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    let count = prefix.count + digits
    precondition(value >= 0 && count <= bytes.count, "an index is not negative, an id has 20 digits")
    bytes.replaceSubrange(0..<prefix.count, with: prefix)
    rest = value
    for place in (prefix.count..<count).reversed() {
      bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
}
