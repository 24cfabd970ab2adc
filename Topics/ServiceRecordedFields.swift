internal import JSON
internal import Values

extension ServiceRecorded.Entry {
  init(reading data: JSONObject) throws(Refusal) {
    let version = try data.optionalInteger("version", 1...Int64(Int32.max))
    self.init(
      number: try data.integer("number", LeadVersion.ids), organisation: try data.text("organisation", 1...60),
      day: try data.day("day"), at: try data.timestamp("at"), what: try data.text("what", 1...60),
      subjectKind: try data.choice("subjectKind"), subject: try data.text("subject", 1...100),
      version: version.map { Int32($0) }, by: try data.optionalText("by", 1...60),
      login: try data.optionalText("login", 1...100), worker: try data.optionalText("worker", 1...60),
      authority: try data.text("authority", 1...100), outcome: try data.optionalText("outcome", 1...100),
      branch: try data.optionalText("branch", 1...60), owner: try data.optionalText("owner", 1...60),
      formerOwner: try data.optionalText("formerOwner", 1...60), detail: try data.optionalText("detail", 1...500),
      eventSource: try data.optionalText("eventSource", 1...400), eventId: try data.optionalText("eventId", 1...400),
      commitment: try data.text("commitment", 64...64))
  }

  func write(to data: inout JSONWriter) {
    data.member("number", number)
    data.member("organisation", organisation)
    data.member("day", day)
    data.member("at", at)
    data.member("what", what)
    data.member("subjectKind", subjectKind.rawValue)
    data.member("subject", subject)
    data.member("version", version.map { Int64($0) })
    data.member("by", by)
    data.member("login", login)
    data.member("worker", worker)
    data.member("authority", authority)
    data.member("outcome", outcome)
    data.member("branch", branch)
    data.member("owner", owner)
    data.member("formerOwner", formerOwner)
    data.member("detail", detail)
    data.member("eventSource", eventSource)
    data.member("eventId", eventId)
    data.member("commitment", commitment)
  }
}

extension ServiceRecorded.DayClosed {
  init(reading data: JSONObject) throws(Refusal) {
    self.init(
      organisation: try data.text("organisation", 1...60), day: try data.day("day"),
      entries: try data.integer("entries", 0...LeadVersion.ids.upperBound), at: try data.timestamp("at"),
      block: try data.optionalInteger("block", LeadVersion.ids), hash: try data.optionalText("hash", 64...64))
  }

  func write(to data: inout JSONWriter) {
    data.member("organisation", organisation)
    data.member("day", day)
    data.member("entries", entries)
    data.member("at", at)
    data.member("block", block)
    data.member("hash", hash)
  }
}
