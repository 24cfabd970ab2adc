internal import Campaigns
internal import JSON
internal import Postgres
internal import Printing
internal import Values

/// `campaign clone`: a definition once more, under another name.
enum CampaignClone {
  static let command = Command(
    name: "campaign clone", summary: "copy a campaign's definition under a new name", operands: "NAME NEW-NAME",
    operandCount: 2...2,
    options: [
      CommandOption("--starts", "TIME", "the new one's start, as 2027-09-01T09:00:00+08:00"),
      CommandOption("--expires", "TIME", "its end"),
      CommandOption(
        "--define", nil, "store it as a draft; else it is printed, to be changed and given to `campaign define`"),
      .json,
    ],
    details: "Only these members differ; everything else stays as it was written.",
    examples: [
      ("millrace campaign clone spring-bonds-2027 autumn-bonds-2027 > autumn.json", "a file to change"),
      (
        "millrace campaign clone spring-bonds-2027 bonds-2028 --expires 2028-03-31T18:00:00+08:00 --define",
        "the same another time"
      ),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let (name, new) = (invocation.operands[0], invocation.operands[1])
    guard name != new else { throw Failure.usage("the new one needs a name of its own.") }
    let starts = try moment("--starts", invocation)
    let expires = try moment("--expires", invocation)
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(name, session)
    let text = try DefinitionCopy.of(campaign.definition, name: new, starts: starts, expires: expires)
    do {
      let definition = try CampaignDefinition(reading: text)
      guard invocation.flag("--define") else {
        invocation.output.write(text + (text.hasSuffix("\n") ? "" : "\n"))
        return .done
      }
      guard try StoredCampaign.read(session, name: new).isEmpty else {
        throw Failure.no("there is a campaign \(shown(new)) already.")
      }
      let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
      guard definition.expires > now else {
        throw Failure.no(
          "its end, \(Table.Cell.time(definition.expires).shown), is over: say another with --expires TIME.")
      }
      try CampaignDefine.define(text, invocation, session)
      return .done
    } catch let refusal as Refusal {
      throw Failure.no("\(refusal)")
    }
  }

  /// As it was written, because a time of another zone reads differently.
  private static func moment(_ option: String, _ invocation: Invocation) throws(Failure) -> String? {
    guard let text = invocation.text(option) else { return nil }
    guard Timestamp(rfc3339: text.utf8) != nil else {
      throw .usage("\(option) is \(shown(text)), but must be as 2027-09-01T09:00:00+08:00.")
    }
    return text
  }
}

/// A definition with other members in the place of some; the rest of the text stays as it is.
enum DefinitionCopy {
  static func of(_ text: String, name: String, starts: String?, expires: String?) throws(Refusal) -> String {
    let bytes = Array(text.utf8)
    let pieces: Result<[Piece], Refusal> = bytes.withUnsafeBytes { whole in
      Result { () throws(Refusal) in
        try JSONTape().read(whole) { data throws(Refusal) in
          func place(_ name: StaticString) throws(Refusal) -> Range<Int>? {
            guard let raw = try data.raw(name), let start = raw.baseAddress, let base = whole.baseAddress else {
              return nil
            }
            return start - base..<start - base + raw.count
          }
          guard let own = try place("name"), let end = try place("expires") else {
            throw Refusal("missing", "the definition has no name or no end")
          }
          var pieces = [Piece(place: own, text: jsonQuoted(name))]
          if let expires { pieces.append(Piece(place: end, text: jsonQuoted(expires))) }
          if let starts {
            let known = try place("starts")
            pieces.append(
              known.map { Piece(place: $0, text: jsonQuoted(starts)) }
                ?? Piece(place: end.upperBound..<end.upperBound, text: ", \"starts\": \(jsonQuoted(starts))"))
          }
          return pieces
        }
      }
    }
    var copy = bytes
    for piece in try pieces.get().sorted(by: { $0.place.upperBound > $1.place.upperBound }) {
      copy.replaceSubrange(piece.place, with: Array(piece.text.utf8))
    }
    return String(decoding: copy, as: UTF8.self)
  }

  private struct Piece {
    let place: Range<Int>
    let text: String
  }
}
