internal import HTTP
internal import JSON
internal import Values

/// An answer as conditions look at it.
struct AnswerReading {
  let status: Int
  /// Without blanks and line ends around it.
  let text: ArraySlice<UInt8>
  /// nil where it is none, and where the description does not ask for it.
  let json: JSONValue?
  private(set) var code: String?

  init(_ answer: HTTPAnswer, _ description: AnswerDescription) {
    status = answer.status
    text = answer.body.trimmed
    json = description.readsJSON ? AnswerReading.json(answer.body) : nil
    code = description.code?.all(in: self).first
  }

  private static func json(_ body: [UInt8]) -> JSONValue? {
    switch Result(catching: { () throws(Refusal) in try JSONValue(reading: body) }) {
    case .success(let value): value
    case .failure: nil
    }
  }
}

extension AnswerDescription {
  /// - Parameters, made only where they are wanted:
  ///   - secrets: what no id may hold.
  ///   - concealment: what nothing else that is kept may hold.
  func verdict(
    of answer: HTTPAnswer, reference: String, at now: Timestamp, secrets: () -> Concealment,
    concealment: () -> Concealment
  ) -> Verdict {
    let reading = AnswerReading(answer, self)
    let isAccepted = accepted.contains { $0.holds(for: reading) }
    let refusal = refused.first { $0.condition.holds(for: reading) }
    guard !isAccepted || refusal == nil else {
      return .uncertain("HTTP \(answer.status), which the description takes both for accepted and for refused")
    }
    if isAccepted {
      guard !idIsReference else { return .accepted(ids: [reference]) }
      let found = (ids?.all(in: reading) ?? []).filter(\.isFitForId)
      guard !found.isEmpty else { return .accepted(ids: []) }
      let secrets = secrets()
      return .accepted(ids: found.filter { !secrets.hides($0) })
    }
    let conceal = concealment()
    let code = reading.code.map { conceal($0) }
    guard let refusal else {
      let with = code.map { " with code \($0)" } ?? ""
      return .uncertain("HTTP \(answer.status)\(with), which proves nothing by the description")
    }
    let detail = detail?.all(in: reading).first.map { conceal($0) } ?? ""
    return .refused(
      Refused(
        kind: refusal.kind, code: code, detail: detail.isEmpty ? "HTTP \(answer.status)" : detail,
        retryAfter: refusal.kind == .busy || refusal.kind == .later ? RetryAfter.read(answer, at: now) : nil))
  }
}

/// RFC 9110, 10.2.3: seconds, or a date, counted from the answer's own, since clocks differ.
enum RetryAfter {
  static let most: Int64 = 86_400

  static func read(_ answer: HTTPAnswer, at now: Timestamp) -> Duration? {
    guard let text = answer.header("retry-after")?.drop(while: { $0 == " " }), !text.isEmpty else { return nil }
    if text.utf8.allSatisfy({ (48...57).contains($0) }) { return .seconds(min(Int64(text) ?? most, most)) }
    guard let until = HTTPDate.read(String(text)) else { return nil }
    let from = answer.header("date").flatMap { HTTPDate.read($0) } ?? now
    return .seconds(min(max(Int64(until.seconds(since: from).rounded(.up)), 0), most))
  }
}

extension [UInt8] {
  var trimmed: ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return []
    }
    return self[first...last]
  }
}

extension String {
  /// Ids are opaque: what is kept is what came, or it is no id.
  var isFitForId: Bool {
    (1...200).contains(utf8.count) && unicodeScalars.allSatisfy { !$0.isControl }
  }
}
