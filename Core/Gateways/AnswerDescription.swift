internal import JSON
internal import Values

/// How a gateway answers: what proves that it has the message, what proves that it does not. All else proves nothing.
struct AnswerDescription: Sendable {
  let accepted: [AnswerCondition]
  let refused: [(condition: AnswerCondition, kind: Refused.Kind)]
  let ids: AnswerPlace?
  /// The order's reference is the gateway's id for the message: receipts come back with it.
  let idIsReference: Bool
  let code: AnswerPlace?
  let detail: AnswerPlace?
  let readsJSON: Bool

  init(_ object: JSONObject) throws(Refusal) {
    try object.refuseOthers("accepted", "refused", "ids", "code", "detail")
    var accepted: [AnswerCondition] = []
    for row in try object.objects("accepted", atMost: 20) {
      try row.refuseOthers("status", "text", "json", "codes")
      accepted.append(try AnswerCondition(row))
    }
    guard !accepted.isEmpty else { throw Refusal("missing", at: object.path("accepted"), "the field is required") }
    self.accepted = accepted
    var refused: [(condition: AnswerCondition, kind: Refused.Kind)] = []
    for row in try object.objects("refused", atMost: 100) {
      try row.refuseOthers("kind", "status", "text", "json", "codes")
      refused.append((try AnswerCondition(row), try row.choice("kind")))
    }
    self.refused = refused
    let ids = try object.optionalObject("ids")
    try ids?.refuseOthers("json", "text", "reference")
    idIsReference = try ids?.optionalBoolean("reference") ?? false
    self.ids = try ids.flatMap { row throws(Refusal) in try AnswerPlace(row, "id") }
    guard ids == nil || idIsReference != (self.ids != nil) else {
      throw Refusal("contradiction", at: object.path("ids"), "one of json, text and reference was expected")
    }
    code = try AnswerDescription.place("code", of: object)
    detail = try AnswerDescription.place("detail", of: object)
    readsJSON =
      (accepted + refused.map(\.condition)).contains { !$0.json.isEmpty }
      || [self.ids, code, detail].contains { if case .json = $0 { true } else { false } }
    let asksForCodes = accepted.contains { !$0.codes.isEmpty } || refused.contains { !$0.condition.codes.isEmpty }
    guard code != nil || !asksForCodes else {
      throw Refusal("missing", at: object.path("code"), "where the code stands that codes are compared with")
    }
  }

  private static func place(_ name: StaticString, of object: JSONObject) throws(Refusal) -> AnswerPlace? {
    guard let row = try object.optionalObject(name) else { return nil }
    try row.refuseOthers("json", "text")
    guard let place = try AnswerPlace(row, name.description) else {
      throw Refusal("missing", at: row.path("json"), "json or text was expected")
    }
    return place
  }
}

/// Where something stands in an answer: at the first of several paths, or where a name stands in the first fitting pattern.
enum AnswerPlace: Sendable {
  case json([JSONPath])
  case text([TextPattern], name: String)

  /// nil where it names neither.
  init?(_ row: JSONObject, _ name: String) throws(Refusal) {
    var paths: [JSONPath] = []
    for (index, text) in try row.texts("json", atMost: 10).enumerated() {
      paths.append(try JSONPath(text, at: "\(row.path("json"))[\(index)]"))
    }
    var patterns: [TextPattern] = []
    for (index, text) in try row.texts("text", atMost: 10).enumerated() {
      patterns.append(try TextPattern(text, names: [name], at: "\(row.path("text"))[\(index)]"))
    }
    guard paths.isEmpty || patterns.isEmpty else {
      throw Refusal("contradiction", at: row.path("json"), "json and text exclude each other")
    }
    guard !paths.isEmpty || !patterns.isEmpty else { return nil }
    self = paths.isEmpty ? .text(patterns, name: name) : .json(paths)
  }

  func all(in answer: AnswerReading) -> [String] {
    switch self {
    case .json(let paths):
      guard let json = answer.json else { return [] }
      return paths.lazy.map { $0.scalars(in: json) }.first { !$0.isEmpty } ?? []
    case .text(let patterns, let name):
      let found = patterns.lazy.compactMap { $0.parts(of: answer.text)?[name] }.first { !$0.isEmpty }
      return found.map { [$0] } ?? []
    }
  }
}

/// What an answer has to be: all that is said here holds.
struct AnswerCondition: Sendable {
  let statuses: [ClosedRange<Int>]
  /// Any of them fits the body, without blanks around it.
  let texts: [TextPattern]
  /// At each path there is something, and all of it is among the words.
  let json: [(path: JSONPath, words: [String])]
  /// Any of them fits the answer's code.
  let codes: [TextPattern]

  init(_ row: JSONObject) throws(Refusal) {
    var statuses: [ClosedRange<Int>] = []
    for (index, text) in try row.texts("status", atMost: 20, 1...20).enumerated() {
      guard let range = AnswerCondition.statuses(text) else {
        throw Refusal("not-a-status", at: "\(row.path("status"))[\(index)]", "as in 202, 4xx or 500-503")
      }
      statuses.append(range)
    }
    self.statuses = statuses
    texts = try AnswerCondition.patterns("text", of: row)
    codes = try AnswerCondition.patterns("codes", of: row)
    var json: [(path: JSONPath, words: [String])] = []
    if let object = try row.optionalObject("json") {
      for (path, value) in try object.members() {
        let place = row.path("json") + "." + Misspelling.shown(path)
        guard case .text(let word) = value else {
          throw Refusal("wrong-type", at: place, "a string was expected, also for a number: \"0\"")
        }
        json.append((try JSONPath(path, at: place), word.split(separator: "|").map { String($0) }))
      }
    }
    self.json = json
    guard !(statuses.isEmpty && texts.isEmpty && codes.isEmpty && json.isEmpty) else {
      throw Refusal("missing", at: row.path("status"), "a condition says something: status, text, json or codes")
    }
  }

  private static func patterns(_ name: StaticString, of row: JSONObject) throws(Refusal) -> [TextPattern] {
    var patterns: [TextPattern] = []
    for (index, text) in try row.texts(name, atMost: 200).enumerated() {
      patterns.append(try TextPattern(text, at: "\(row.path(name))[\(index)]"))
    }
    return patterns
  }

  private static func statuses(_ text: String) -> ClosedRange<Int>? {
    if text.utf8.count == 3, text.hasSuffix("xx"), let hundreds = text.first?.wholeNumberValue,
      (1...5).contains(hundreds)
    {
      return hundreds * 100...hundreds * 100 + 99
    }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(ends.count), ends.allSatisfy({ (100...599).contains($0) }), ends[0] <= ends[ends.count - 1]
    else { return nil }
    return ends[0]...ends[ends.count - 1]
  }

  func holds(for answer: AnswerReading) -> Bool {
    guard statuses.isEmpty || statuses.contains(where: { $0.contains(answer.status) }) else { return false }
    guard texts.isEmpty || texts.contains(where: { $0.matches(answer.text) }) else { return false }
    guard codes.isEmpty || answer.code.map({ code in codes.contains { $0.matches(code.utf8) } }) ?? false else {
      return false
    }
    return json.allSatisfy { path, words in
      guard let root = answer.json else { return false }
      let found = path.values(in: root).map { $0.scalar ?? "" }
      return !found.isEmpty && found.allSatisfy { words.contains($0) }
    }
  }
}
