internal import Contract
public import Postgres
public import Templates
public import Topics
internal import Values

/// Stored templates, as far as somebody has asked for them. A version never changes once it is stored, so that it is read once.
public struct TemplateBook: Sendable {
  public struct Key: Hashable, Sendable {
    let name: String
    let language: String
    let version: Int32
  }

  public struct Version: Sendable {
    let key: Key
    /// Where no version is named, this one is meant.
    let isInUse: Bool
  }

  struct Stored: Sendable {
    let key: Key
    let template: MessageTemplate
    let providerTemplate: String?
    let signature: String?
  }

  private var stored: [Key: Result<Stored, Refusal>] = [:]
  /// Of the batch's names, by name.
  private var known: [String: [Version]] = [:]
  /// What others write as names must not grow without end.
  private static var most: Int { 2_000 }

  public init() {}

  /// Asks what versions there are of the templates that are asked for: the one in use of each language, and those named.
  public func versions(of requests: [MessageRequest], _ channel: Channel) -> Question<[Version]> {
    let wanted = Set(requests.compactMap(\.template)).sorted()
    guard !wanted.isEmpty else { return Question(known: []) }
    let named = Set(requests.compactMap { $0.templateVersion == nil ? nil : $0.template }).sorted()
    return Question(
      """
      select name, language, version, true from template_in_use where channel = $1 and name = any($2)
      union all
      select name, language, version, false from template where channel = $1 and name = any($3)
      """
    ) {
      $0.text(channel.rawValue)
      $0.texts(wanted) { $0 }
      $0.texts(named) { $0 }
    } reading: {
      $0.map {
        Version(
          key: Key(name: $0.text(0), language: $0.text(1), version: Int32($0.small(2))), isInUse: $0.boolean(3))
      }
    }
  }

  mutating func begin(_ versions: [Version]) {
    known = Dictionary(grouping: versions, by: \.key.name)
    if stored.count > TemplateBook.most { stored.removeAll() }
  }

  /// Asks for the texts that the requests need and nobody has read yet; nil where all are known.
  func missing(_ channel: Channel, _ requests: [MessageRequest]) -> Question<[Found]>? {
    let keys = Set(
      requests.flatMap { request in
        request.template.map { candidates($0, request.templateVersion.map { Int32($0) }) } ?? []
      })
    let unknown = keys.filter { stored[$0] == nil }.sorted { ($0.name, $0.language) < ($1.name, $1.language) }
    guard !unknown.isEmpty else { return nil }
    return Question(
      """
      select a.name, a.language, a.version, t.text, t.subject, t.html, t.provider_template, t.signature
      from unnest($2::text[], $3::text[], $4::int[]) a (name, language, version)
      left join template t on t.channel = $1 and t.name = a.name and t.language = a.language and t.version = a.version
      """
    ) {
      $0.text(channel.rawValue)
      $0.texts(unknown) { $0.name }
      $0.texts(unknown) { $0.language }
      $0.smalls(unknown) { $0.version }
    } reading: {
      $0.map {
        let key = Key(name: $0.text(0), language: $0.text(1), version: Int32($0.small(2)))
        let source = $0.optionalText(3).map { text in
          MessageTemplate.Source(channel: channel, language: key.language, text: text)
        }
        return Found(
          key: key, source: source, subject: $0.optionalText(4), html: $0.optionalText(5),
          providerTemplate: $0.optionalText(6), signature: $0.optionalText(7))
      }
    }
  }

  struct Found: Sendable {
    let key: Key
    var source: MessageTemplate.Source?
    let subject: String?
    let html: String?
    let providerTemplate: String?
    let signature: String?
  }

  mutating func add(_ found: [Found]) {
    for template in found {
      guard var source = template.source else { continue }
      source.subject = template.subject
      source.html = template.html
      do throws(Refusal) {
        stored[template.key] = .success(
          Stored(
            key: template.key, template: try MessageTemplate(source), providerTemplate: template.providerTemplate,
            signature: template.signature))
      } catch {
        stored[template.key] = .failure(error)
      }
    }
  }

  private func candidates(_ name: String, _ version: Int32?) -> [Key] {
    (known[name] ?? []).filter { version == nil ? $0.isInUse : $0.key.version == version }.map(\.key)
  }

  /// In the language that was asked for, else the customer's own, else one that differs in its region only, else the only one there
  /// is.
  func find(_ name: String, _ version: Int32?, _ wanted: String?, _ own: String?) -> Result<Stored, Refusal> {
    let all = candidates(name, version)
    guard !all.isEmpty else {
      let place = version == nil ? "template" : "templateVersion"
      return .failure(Refusal("unknown-template", at: place, "there is no such template of this channel"))
    }
    let languages = Set(all.map(\.language))
    guard let language = TemplateBook.best(of: languages, wanted, own) else {
      let known = languages.sorted().joined(separator: ", ")
      return .failure(Refusal("unknown-language", at: "language", "the template is there in \(known)"))
    }
    let key = all.first { $0.language == language }
    guard let key, let found = stored[key] else {
      return .failure(Refusal("unknown-template", at: "templateVersion", "the template has no such version"))
    }
    return found
  }

  static func best(of languages: Set<String>, _ wanted: String?, _ own: String?) -> String? {
    for tag in [wanted, own].compactMap({ $0?.lowercased() }) {
      if let exact = languages.first(where: { $0.lowercased() == tag }) { return exact }
      let base = tag.prefix { $0 != "-" }
      let near = languages.filter { $0.lowercased().prefix { $0 != "-" } == base }.sorted()
      if let first = near.first { return first }
      // What was asked for in so many words is not answered in another language.
      if tag == wanted?.lowercased() { return nil }
    }
    return languages.count == 1 ? languages.first : nil
  }
}
