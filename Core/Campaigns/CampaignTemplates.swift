public import Postgres
public import Templates
public import Values

/// The templates that a definition names, as they are in use now.
public struct CampaignTemplates: Sendable {
  private struct Key: Hashable {
    let name: String
    let channel: MessageChannel
  }

  private var languages: [Key: [String: Result<MessageTemplate, Refusal>]] = [:]

  public static func ask(_ definition: CampaignDefinition) -> Question<CampaignTemplates> {
    let keys = Set(definition.everyTemplate.map { Key(name: $0.name, channel: $0.channel) })
    let wanted = keys.sorted { ($0.name, $0.channel.rawValue) < ($1.name, $1.channel.rawValue) }
    return Question(
      """
      select t.name, t.channel, t.language, t.text, t.subject, t.html
      from unnest($1::text[], $2::text[]) a (name, channel)
      join template_in_use u on u.name = a.name and u.channel = a.channel
      join template t on t.name = u.name and t.channel = u.channel and t.language = u.language and t.version = u.version
      """
    ) {
      $0.texts(wanted) { $0.name }
      $0.texts(wanted) { $0.channel.rawValue }
    } reading: {
      var found = CampaignTemplates()
      for row in $0 {
        guard let channel = MessageChannel(rawValue: row.text(1)) else { continue }
        let source = MessageTemplate.Source(
          channel: channel, language: row.text(2), text: row.text(3), subject: row.optionalText(4),
          html: row.optionalText(5))
        found.languages[Key(name: row.text(0), channel: channel), default: [:]][source.language] = Result {
          () throws(Refusal) in try MessageTemplate(source)
        }
      }
      return found
    }
  }

  /// - Parameter given: variables that every message has, whatever the campaign says.
  /// - Throws: where there is no such template, or not in the language that the definition names: the path is the definition's.
  public func needs(
    of definition: CampaignDefinition, given: Set<String> = []
  ) throws(Refusal) -> [TemplateNeed] {
    var needs: [TemplateNeed] = []
    for use in definition.everyTemplate {
      let step = definition.channels[use.place]
      let path = definition.path(variant: use.variant, place: use.place)
      guard let known = languages[Key(name: use.name, channel: use.channel)] else {
        throw Refusal("unknown-template", at: path, "there is no such template of \(use.channel.rawValue) in use")
      }
      let readable = TemplateLanguages(known.keys, wanted: step.language)
      guard !readable.isEmpty else {
        let list = known.keys.sorted().joined(separator: ", ")
        throw Refusal("unknown-language", at: path, "the template is there in \(list)")
      }
      for language in readable.tags {
        let template: MessageTemplate
        switch known[language] {
        case .success(let read): template = read
        case .failure(let refusal): throw Refusal(restoring: refusal.reason, at: path, "\(language): \(refusal.detail)")
        case nil: continue
        }
        let variables = template.variables.filter { $0.need > .never && !given.contains($0.name) }.map(\.name)
        needs.append(
          TemplateNeed(variant: use.variant, place: use.place, language: language, variables: variables.sorted()))
      }
    }
    return try needs + definition.scriptNeeds()
  }

  /// nil where it is not in use, or cannot be read.
  public func template(
    of definition: CampaignDefinition, variant: Int, place: Int, language: String
  ) -> MessageTemplate? {
    guard let name = definition.template(variant: variant, place: place),
      let channel = definition.channels[place].channel.message,
      case .success(let template) = languages[Key(name: name, channel: channel)]?[language]
    else { return nil }
    return template
  }
}

extension CampaignDefinition {
  /// Every variant's template on every channel.
  fileprivate var everyTemplate: [(variant: Int, place: Int, name: String, channel: MessageChannel)] {
    variants.indices.flatMap { variant in
      channels.indices.compactMap { place in
        guard let name = template(variant: variant, place: place), let channel = channels[place].channel.message
        else { return nil }
        return (variant: variant, place: place, name: name, channel: channel)
      }
    }
  }

  /// What scripts of tasks want to know.
  fileprivate func scriptNeeds() throws(Refusal) -> [TemplateNeed] {
    var needs: [TemplateNeed] = []
    for variant in variants.indices {
      for place in channels.indices {
        guard let task = channels[place].task, let script = try readScript(variant: variant, place: place) else {
          continue
        }
        needs.append(
          TemplateNeed(
            variant: variant, place: place, language: task.language, variables: script.variables.map(\.name).sorted()))
      }
    }
    return needs
  }

  /// Where the template is named.
  fileprivate func path(variant: Int, place: Int) -> String {
    let channel = channels[place].channel
    let isOwn = channel.message.map { variants[variant].templates[$0] != nil } ?? false
    return isOwn ? "variants[\(variant)].templates.\(channel.rawValue)" : "channels[\(place)].template"
  }
}
