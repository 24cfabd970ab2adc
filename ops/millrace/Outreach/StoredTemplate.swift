internal import JSON
internal import Postgres
internal import Templates
internal import Values

/// A template as files tell it and the table keeps it.
struct StoredTemplate: Equatable {
  let name: String
  var source: MessageTemplate.Source
  var providerTemplate: String?
  /// The sender's name, without its brackets.
  var signature: String?

  var key: [String] { [name, source.channel.rawValue, source.language] }

  /// What differs, in the words of the files.
  func differences(from old: StoredTemplate) -> [String] {
    let pairs = [
      ("subject", source.subject, old.source.subject), ("text", source.text, old.source.text),
      ("html", source.html, old.source.html), ("providerTemplate", providerTemplate, old.providerTemplate),
      ("signature", signature, old.signature),
    ]
    return pairs.filter { $0.1 != $0.2 }.map(\.0)
  }

  /// Refuses what the table would, and what is no template.
  func check() throws(Refusal) -> MessageTemplate {
    let first = name.utf8.first ?? 0
    let isName = name.utf8.allSatisfy { isNamePart($0) || ".-_".utf8.contains($0) } && isNamePart(first)
    guard isName, name.utf8.count <= 63 else {
      throw Refusal(
        "not-a-name", at: "name",
        "small letters, digits, points, hyphens and _ were expected, at most 63, a letter first")
    }
    guard source.channel == .sms || providerTemplate == nil && signature == nil else {
      throw Refusal("wrong-parts", at: "signature", "only a short message has a signature or a provider's template")
    }
    if let signature {
      guard !signature.contains(where: { "【】[]".contains($0) || $0.isNewline }) else {
        throw Refusal("with-brackets", at: "signature", "the name alone was expected: its brackets are put around it")
      }
      guard !source.text.hasPrefix("【") else {
        throw Refusal(
          "signed-twice", at: "text", "the signature is put in front of the text, which begins with another")
      }
    }
    return try MessageTemplate(source)
  }

  private func isNamePart(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
}

/// One version of one, as it lies in the table.
struct TemplateVersion {
  enum State: String { case used, older, withdrawn }

  let template: StoredTemplate
  let version: Int64
  let storedAt: Timestamp
  let storedBy: String
  let state: State

  /// Those of the name, or all, in order of name, channel, language and version.
  static func read(_ session: Connection, name: String? = nil) throws -> [TemplateVersion] {
    let rows = try session.rows(
      """
      select t.name, t.channel, t.language, t.version, t.text, t.subject, t.html, t.provider_template, t.signature,
        t.stored_at, t.stored_by, case when w.version is not null then 'withdrawn' when u.version is not null then 'used'
          else 'older' end
      from template t
      left join template_withdrawal w using (name, channel, language, version)
      left join template_in_use u using (name, channel, language, version)
      where $1::text is null or t.name = $1
      order by t.name, t.channel, t.language, t.version
      """
    ) { $0.text(name) }
    return rows.map { row in
      guard let channel = MessageChannel(rawValue: row.text(1)), let state = State(rawValue: row.text(11)) else {
        preconditionFailure("the table has channels of its own")
      }
      let source = MessageTemplate.Source(
        channel: channel, language: row.text(2), text: row.text(4), subject: row.optionalText(5),
        html: row.optionalText(6))
      return TemplateVersion(
        template: StoredTemplate(
          name: row.text(0), source: source, providerTemplate: row.optionalText(7), signature: row.optionalText(8)),
        version: row.integer(3), storedAt: row.timestamp(9), storedBy: row.text(10), state: state)
    }
  }
}

/// Which versions of a template a command is about.
struct TemplateChoice {
  static let options = [
    CommandOption("--channel", "CHANNEL", "sms, email or fax"),
    CommandOption("--language", "TAG", "zh-CN and the like"),
    CommandOption("--version", "N", "this version; else the newest that is not withdrawn"),
  ]

  let name: String
  private let channel: MessageChannel?
  private let language: String?
  private let version: Int64?

  init(_ name: String, _ channel: MessageChannel, _ language: String?) {
    self.name = name
    self.channel = channel
    self.language = language
    version = nil
  }

  init(_ invocation: Invocation) throws(Failure) {
    name = invocation.operands[0]
    language = invocation.text("--language")
    version = try invocation.integer("--version", 1...Int64(Int32.max))
    guard let word = invocation.text("--channel") else {
      channel = nil
      return
    }
    channel = MessageChannel(rawValue: word)
    guard channel != nil else { throw .usage("--channel is \(shown(word)), but must be sms, email or fax.") }
  }

  /// One or more: what fits, of each channel and language one version.
  func all(_ session: Connection) throws -> [TemplateVersion] {
    let named = try TemplateVersion.read(session, name: name)
    guard !named.isEmpty else { throw Failure.no("there is no template \(shown(name)).") }
    let found = named.filter { row in
      (channel == nil || row.template.source.channel == channel)
        && (language == nil || row.template.source.language.lowercased() == language?.lowercased())
        && (version.map { row.version == $0 } ?? (row.state == .used))
    }
    guard !found.isEmpty else {
      let known = Set(named.map { $0.template.key.dropFirst().joined(separator: " ") }).sorted()
      throw Failure.no(
        "\(name) has no such version that is in use; there are versions for \(known.joined(separator: ", ")).")
    }
    return found
  }

  func one(_ session: Connection) throws -> TemplateVersion {
    let found = try all(session)
    guard found.count == 1 else {
      let known = found.map { $0.template.key.dropFirst().joined(separator: " ") }.joined(separator: ", ")
      throw Failure.usage("\(name) is there for \(known): say which with --channel and --language.")
    }
    return found[0]
  }
}
