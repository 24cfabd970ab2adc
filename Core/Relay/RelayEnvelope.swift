internal import Kafka
internal import Postgres
internal import Values

/// The headers of what the relay sends, built in one buffer that is used again for every record.
///
/// Events are CloudEvents 1.0 in Kafka's binary mode (Kafka protocol binding 1.0.2) with `traceparent` (W3C) and our
/// `millrace_run` and `millrace_index`. Dead letters keep their own headers and get those of KIP-1191.
final class RelayEnvelope {
  private(set) var headers = MessageHeaders()
  private var id = DecimalText(after: "")
  private var index = DecimalText(after: "")
  private var common = MessageHeaders().mark

  /// What all events of a row have in common.
  func begin(_ run: Int64, _ row: Run.Row) {
    id = DecimalText(after: "\(row.id).")
    headers.removeAll()
    headers.append("ce_specversion", "1.0")
    headers.append("ce_source", row.source)
    headers.append("ce_time", row.emitted.rfc3339)
    headers.append("content-type", "application/json")
    headers.append("millrace_run", String(run))
    common = headers.mark
  }

  /// - Parameter id: the event's CloudEvents id; nil or empty makes it `row.place`, the same whenever it is sent.
  func event(
    index: Int, inRow place: Int, type: UnsafeRawBufferPointer?, trace: UnsafeRawBufferPointer?,
    id: UnsafeRawBufferPointer?
  ) {
    headers.removeAll(after: common)
    if let id, id.count > 0 {
      headers.append("ce_id", id)
    } else {
      self.id.with(place) { headers.append("ce_id", $0) }
    }
    headers.append("ce_type", type)
    if let trace, trace.count > 0 { headers.append("traceparent", trace) }
    self.index.with(index) { headers.append("millrace_index", $0) }
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
}

/// Writes whole numbers after a text that stays the same, without allocating.
private struct DecimalText {
  private var bytes: [UInt8]
  private let prefix: Int

  /// - Parameter text: at most 21 characters of ASCII: an outbox row's id and a point.
  init(after text: String) {
    bytes = Array(text.utf8) + [UInt8](repeating: 0, count: DecimalText.digits)
    prefix = text.utf8.count
  }

  private static var digits: Int { 20 }

  mutating func with(_ value: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    precondition(value >= 0, "an index is not negative")
    var digits = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    rest = value
    bytes.withUnsafeMutableBytes { bytes in
      for place in (prefix..<prefix + digits).reversed() {
        bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      body(UnsafeRawBufferPointer(rebasing: bytes[..<(prefix + digits)]))
    }
  }
}
