/// How much a line matters.
public enum LogLevel: String, CaseIterable, Comparable, Sendable {
  case debug, info, warning, error

  public static func < (one: LogLevel, other: LogLevel) -> Bool { one.rank < other.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self)! }
}

/// How a line is written. `automatic` is text where standard error is a terminal and JSON elsewhere.
public enum LogFormat: String, CaseIterable, Sendable {
  case automatic, json, text
}

/// One line before it is written; message and fields are masked already.
struct LogRecord: Sendable, Hashable {
  struct Field: Sendable, Hashable {
    let name: String
    let value: LogValue
  }

  let level: LogLevel
  let worker: String
  let lane: Int?
  let message: String
  let fields: [Field]
  /// How many like it were held back before it.
  private(set) var repeated = 0

  init(level: LogLevel, worker: String, lane: Int?, message: String, fields: [Field]) {
    self.level = level
    self.worker = worker
    self.lane = lane
    self.message = message
    self.fields = fields
  }

  var withoutFields: LogRecord { LogRecord(level: level, worker: worker, lane: lane, message: message, fields: []) }

  func repeated(_ count: Int) -> LogRecord {
    var record = self
    record.repeated = count
    return record
  }

  /// One line of JSON (RFC 8259) without its line break.
  func json(at unixMilliseconds: Int64) -> String {
    var line = "{\"time\":\"\(CalendarDate(unixMilliseconds: unixMilliseconds).rfc3339)\""
    line += ",\"level\":\"\(level.rawValue)\",\"message\":"
    line.appendQuoted(message)
    line += ",\"worker\":"
    line.appendQuoted(worker)
    if let lane { line += ",\"lane\":\(lane)" }
    for field in fields {
      line += ","
      line.appendQuoted(Self.reserved.contains(field.name) ? "\(field.name)_" : field.name)
      line += ":"
      switch field.value.content {
      case .text(let text): line.appendQuoted(text)
      case .integer(let digits): line += digits
      case .real(let number): line += number.isFinite ? "\(number)" : "null"
      case .flag(let flag): line += flag ? "true" : "false"
      }
    }
    if repeated > 0 { line += ",\"repeated\":\(repeated)" }
    return line + "}"
  }

  /// One line for people: `19:44:03.123Z warning allocate-leads/2  message  key=value`.
  func text(at unixMilliseconds: Int64) -> String {
    let date = CalendarDate(unixMilliseconds: unixMilliseconds)
    let word = level.rawValue
    var line = "\(date.clock).\(padded(date.millisecondOfDay % 1000, 3))Z \(word)"
    line += String(repeating: " ", count: 8 - word.utf8.count) + worker
    if let lane { line += "/\(lane)" }
    line += "  " + message.unicodeScalars.map { $0.isControl ? $0.escaped(asASCII: true) : String($0) }.joined()
    for field in fields {
      line += "  \(field.name)="
      switch field.value.content {
      case .text(let text):
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0.isControl }
        if isPlain { line += text } else { line.appendQuoted(text) }
      case .integer(let digits): line += digits
      case .real(let number): line += "\(number)"
      case .flag(let flag): line += flag ? "true" : "false"
      }
    }
    return repeated > 0 ? line + "  repeated=\(repeated)" : line
  }

  private static let reserved: Set<String> = ["time", "level", "message", "worker", "lane", "repeated"]
}

extension String {
  /// A JSON string; also escaped: DEL, C1 controls and Unicode's line and paragraph separators, which some readers
  /// of lines take for line ends.
  mutating func appendQuoted(_ text: String) {
    append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case _ where scalar.isControl:
        let hex = String(scalar.value, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex)
      default: unicodeScalars.append(scalar)
      }
    }
    append("\"")
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool {
    value < 0x20 || (0x7F...0x9F).contains(value) || value == 0x2028 || value == 0x2029
  }
}
