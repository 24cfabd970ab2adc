package import Contract
internal import Digest
internal import JSON
package import Values

/// What becomes of lines and rows that somebody hands over: each an event to publish, or who is meant by it.
///
/// Invariants of this room:
/// - What the workers would refuse is refused here, with the field and a reason, where somebody sits who can mend it.
/// - An id is made of what the row says: the same row read again has the same id, whatever file it stands in.
/// - One bad row holds up no other.
package struct PublishLine {
  package var type = ""
  package var source = ""
  package var id = ""
  /// CloudEvents `time` and `traceparent`, where the line gives them.
  package var time: String?
  package var trace: String?
  /// nil where the line is refused and nobody knows.
  package var key: String?
  /// The data alone, or the whole line where it is sent in structured mode.
  package var value: UnsafeRawBufferPointer
  package var isStructured = false
  /// Why workers will not take it.
  package var refusal: Refusal?
}

/// Makes events of lines: of a bare data object, or of a CloudEvent in JSON (an object with `specversion`).
///
/// A bare line gets an id of the file's name, a fingerprint of the line, and for lines that stand there more than once
/// which of them it is: the same file published again, also with lines mended, added or moved, repeats nothing.
package final class PublishLines {
  private let event: any Event.Type
  private let name: String
  private let source: String
  private let tape = JSONTape()
  private let sha = SHA256()
  private var seen: [Fingerprint: Int] = [:]
  /// By fingerprint of source and id, for lines that give their own: the data's fingerprint and the line's number.
  private var named: [Fingerprint: (data: Fingerprint, line: Int)] = [:]

  package init(of event: any Event.Type, name: String, source: String) {
    self.event = event
    self.name = name
    self.source = source
  }

  /// The line is valid as long as `bytes` is.
  package func read(_ bytes: UnsafeRawBufferPointer, number: Int) -> PublishLine {
    var line = PublishLine(value: bytes)
    do throws(Refusal) {
      guard bytes.count <= event.topic.largestValue else {
        throw Refusal("too-large", "at most \(event.topic.largestValue) bytes are taken, \(bytes.count) were found")
      }
      try tape.read(bytes) { object throws(Refusal) in
        if try object.raw("specversion") == nil {
          try bare(object, &line)
        } else {
          line.isStructured = true
          try cloudEvent(object, &line, number)
        }
      }
    } catch {
      line.refusal = error
    }
    if line.isStructured {
      // What is refused goes out whole, so that the worker sees what stands there.
      if line.refusal == nil { line.isStructured = false }
    } else {
      name(&line, bytes)
    }
    return line
  }

  private func bare(_ object: JSONObject, _ line: inout PublishLine) throws(Refusal) {
    guard event.types.count == 1 else {
      throw Refusal("no-type", at: "type", "this topic has several types of events: write each as a CloudEvent")
    }
    line.key = try event.init(type: event.types[0], reading: object).key
  }

  private func name(_ line: inout PublishLine, _ bytes: UnsafeRawBufferPointer) {
    let print = sha.fingerprint(of: bytes)
    let times = seen[print, default: 0] + 1
    seen[print] = times
    let digits = String(print.high, radix: 16)
    line.id = "\(name)/\(String(repeating: "0", count: 16 - digits.count))\(digits)" + (times > 1 ? "/\(times)" : "")
    line.type = event.types[0]
    line.source = source
  }

  /// The JSON event format of CloudEvents 1.0, with the bounds that the workers set.
  private func cloudEvent(_ object: JSONObject, _ line: inout PublishLine, _ number: Int) throws(Refusal) {
    guard try object.text("specversion") == "1.0" else {
      throw Refusal("spec-version", at: "specversion", "CloudEvents 1.0 was expected")
    }
    line.source = try object.optionalText("source", 1...400) ?? source
    line.id = try object.text("id", 1...400)
    line.type = try object.optionalText("type") ?? (event.types.count == 1 ? event.types[0] : "")
    guard event.types.contains(line.type) else {
      throw Refusal("unknown-type", at: "type", "this topic carries \(event.types.joined(separator: ", "))")
    }
    line.time = try object.optionalTimestamp("time")?.rfc3339
    line.trace = try object.optionalText("traceparent", 0...100)
    line.key = try event.init(type: line.type, reading: try object.object("data")).key
    guard let data = try object.raw("data") else { return }
    try checkIdentity(line, sha.fingerprint(of: data), number)
    line.value = data
  }

  private func checkIdentity(_ line: PublishLine, _ data: Fingerprint, _ number: Int) throws(Refusal) {
    let identity = Array("\(line.source)\0\(line.id)".utf8).withUnsafeBytes { sha.fingerprint(of: $0) }
    guard let first = named[identity] else {
      named[identity] = (data, number)
      return
    }
    guard first.data == data else {
      throw Refusal("identity-reused", at: "id", "line \(first.line) has the same source and id with other data")
    }
  }
}
