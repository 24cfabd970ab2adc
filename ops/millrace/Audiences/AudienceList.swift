internal import Postgres
internal import Values

/// A list as the database shows it to operators.
struct AudienceList {
  let name: String
  let key: String
  /// What templates can be told of its people.
  let columns: [String]
  let note: String?
  let branch: String
  let author: String
  let begunAt: Timestamp
  /// nil while not all of its file is in it: no campaign can use it.
  let wholeAt: Timestamp?
  let lines: Int64
  let refused: Int64
  let customers: Int64
  let leads: Int64
  /// Campaigns that are not over.
  let usedBy: [String]

  /// - Parameter name: nil for all; the newest first.
  static func read(_ session: Connection, name: String? = nil) throws -> [AudienceList] {
    try session.rows(
      """
      select name, key, columns, note, branch, author, begun_at, whole_at, lines, refused, customers, leads, used_by
      from audience_list_seen where $1::text is null or name = $1 order by id desc
      """
    ) { $0.text(name) }.map(AudienceList.init)
  }

  /// Ends the command where there is none, with the name that may have been meant.
  static func named(_ name: String, _ session: Connection) throws -> AudienceList {
    if let found = try read(session, name: name).first { return found }
    throw try unknown(name, session)
  }

  static func unknown(_ name: String, _ session: Connection) throws -> Failure {
    let known = try session.rows("select name from audience_list").map { $0.text(0) }
    return .no("there is no list \(shown(name))\(Misspelling.hint(name, known)) See `millrace audience list`.")
  }

  /// As campaigns can write it.
  static func name(_ text: String) throws(Failure) -> String {
    let bytes = Array(text.utf8)
    func isPlain(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
    guard (1...63).contains(bytes.count), isPlain(bytes[0]),
      bytes.allSatisfy({ isPlain($0) || ".-_".utf8.contains($0) })
    else {
      throw .usage(
        "a list's name has at most 63 small letters, digits, `.`, `_` and `-`, beginning with a letter or digit: \(shown(text)) "
          + "is none.")
    }
    return text
  }

  /// What the database's functions answer where nothing was done, as a sentence that says what to do next.
  static func refusal(_ answer: String, _ name: String) -> Failure {
    switch answer {
    case "no-person": CampaignAnswer.shared(answer, name)
    case "not-your-branch": .no("\(name) is of a branch that is neither yours nor below yours.")
    case "there-already":
      .no(
        "there is a list \(name) already, and a list does not change: give this one another name, or `millrace audience remove "
          + "\(name)` first.")
    case "being-loaded": .no("somebody is loading \(name) at this moment.")
    default: .no("nothing was done; the database answers \(shown(answer)).")
    }
  }

  private init(_ row: Row) {
    (name, key, columns, note) = (row.text(0), row.text(1), row.texts(2), row.optionalText(3))
    (branch, author, begunAt, wholeAt) = (row.text(4), row.text(5), row.timestamp(6), row.optionalTimestamp(7))
    (lines, refused, customers, leads) = (row.integer(8), row.integer(9), row.integer(10), row.integer(11))
    usedBy = row.texts(12)
  }
}
