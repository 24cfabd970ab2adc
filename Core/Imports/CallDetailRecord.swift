internal import Topics
internal import Values

/// What a row of Asterisk's CDR CSV says, as events. The same table stands in Topics/README.md.
///
/// Source: Asterisk's documentation, "CDR Fields", in the order of `cdr_csv` with `loguniqueid`; that file has no heading. One
/// that has the names is read by them.
package struct CallDetailRecord {
  static let header = [
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "linkedid",
  ]

  let times: LocalTime
  let system: String?
  /// A number with as many digits at most is one of our own.
  let extensionDigits: Int
  /// What each column is.
  var columns = CallDetailRecord.header

  package init(times: LocalTime, system: String?, extensionDigits: Int) {
    (self.times, self.system, self.extensionDigits) = (times, system, extensionDigits)
  }

  /// Whether a row has names, not values.
  static func isHeading(_ cells: [String]) -> Bool {
    ["uniqueid", "start", "end"].allSatisfy { cells.map { $0.lowercased() }.contains($0) }
  }

  func read(_ cells: [String]) throws(Refusal) -> [CallEvents] {
    func cell(_ name: String) -> String { self.cell(name, of: cells) }
    let id = cell("uniqueid")
    guard !id.isEmpty else {
      throw Refusal("missing", at: "uniqueid", "the row names no call: set loguniqueid=yes in cdr.conf")
    }
    let start = try time("start", cell("start"))
    let end = try time("end", cell("end"))
    let answer = cell("answer").isEmpty ? nil : try time("answer", cell("answer"))
    for name in ["duration", "billsec"] {
      guard let seconds = Int64(cell(name)), seconds >= 0 else {
        throw Refusal("out-of-range", at: name, "a duration was expected that is not negative")
      }
    }
    guard start <= end, answer.map({ start <= $0 && $0 <= end }) ?? true else {
      throw Refusal("out-of-order", at: "end", "start, answer and end do not follow each other")
    }
    let call = (system.map { $0 + "-" } ?? "") + id
    let isFromUs = isExtension(cell("src"))
    let isToUs = isExtension(cell("dst"))
    var started = CallEvents.Call(.started, call, at: start)
    started.direction = isFromUs ? (isToUs ? .internal : .outbound) : .inbound
    started.from = some(cell("src"))
    started.to = some(cell("dst"))
    let linked = cell("linkedid")
    if !linked.isEmpty, linked != id { started.linked = (system.map { $0 + "-" } ?? "") + linked }
    let agent = CallDetailRecord.device(of: isFromUs ? cell("channel") : cell("dstchannel"))
    if isFromUs { started.agent = agent }
    var events: [CallEvents] = [.call(started)]
    if let answer, cell("disposition") == "ANSWERED" {
      if cell("lastapp") == "VoiceMail" {
        events.append(.call(.init(.voicemail, call, at: answer)))
      } else {
        var answered = CallEvents.Call(.answered, call, at: answer)
        // A queue or a menu takes the call at once; who talked then is in queue_log.
        if ["Queue", "Playback", "BackGround", "Read", "WaitExten"].contains(cell("lastapp")) {
          answered.automatic = true
        } else {
          answered.agent = agent
        }
        events.append(.call(answered))
      }
    }
    var ended = CallEvents.Call(.ended, call, at: end)
    ended.reason = some(cell("disposition").lowercased())
    events.append(.call(ended))
    return events
  }

  /// Empty where the row has none.
  func cell(_ name: String, of cells: [String]) -> String {
    guard let place = columns.firstIndex(of: name), place < cells.count else { return "" }
    return cells[place]
  }

  private func time(_ name: String, _ text: String) throws(Refusal) -> Timestamp {
    guard let at = times.read(text) else {
      throw Refusal("not-a-time", at: name, "a local time was expected, as in 2026-01-31 09:30:00")
    }
    return at
  }

  private func isExtension(_ number: String) -> Bool {
    !number.isEmpty && number.utf8.count <= extensionDigits && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  private func some(_ text: String) -> String? { text.isEmpty ? nil : text }

  /// `SIP/8001-0000002a` is the channel of `SIP/8001`, as `queue_log` names it.
  static func device(of channel: String) -> String? {
    guard let dash = channel.lastIndex(of: "-"), dash > channel.startIndex else {
      return channel.isEmpty ? nil : channel
    }
    return String(channel[..<dash])
  }
}
