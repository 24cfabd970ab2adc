internal import Campaigns
internal import Postgres
internal import Values

/// Whether what a definition names is there: templates, gateways, the budget, and what its filters name. The rest is the database's to
/// say.
enum DefinitionCheck {
  static func run(_ definition: CampaignDefinition, _ session: Connection) throws {
    try names(definition, session)
    try templates(definition, session)
    try gateways(definition, session)
    if let budget = definition.budget, try Budgets.table(session, name: budget).isEmpty {
      let known = try session.rows("select name from budget").map { $0.text(0) }
      throw unknown("unknown-budget", "budget", "budget", known, budget)
    }
  }

  private static func names(_ definition: CampaignDefinition, _ session: Connection) throws {
    let names: CampaignNames = try Transaction(open: session).ask(CampaignNames.ask(definition))
    guard let (path, name) = names.missing(in: definition) else { return }
    let rows =
      switch name.kind {
      case .branch: try session.rows("select code, true from branch")
      case .person: try session.rows("select code, true from person")
      case .list: try session.rows("select name, whole_at is not null from audience_list")
      }
    if rows.contains(where: { $0.text(0) == name.text && !$0.boolean(1) }) {
      throw name.refusal(at: path, hint: " that is whole: load it again")
    }
    let known = rows.filter { $0.boolean(1) }.map { $0.text(0) }
    throw name.refusal(at: path, hint: Misspelling.hint(name.text, known).replacingFullStop)
  }

  private static func templates(_ definition: CampaignDefinition, _ session: Connection) throws {
    let known = try session.rows("select channel, name, language from template_in_use").map {
      (channel: $0.text(0), name: $0.text(1), language: $0.text(2))
    }
    for (place, step) in definition.channels.enumerated() {
      guard let message = step.channel.message, let template = step.template else { continue }
      let names =
        [(path: "channels[\(place)].template", name: template)]
        + definition.variants.enumerated().compactMap { number, variant in
          variant.templates[message].map { ("variants[\(number)].templates.\(message.rawValue)", $0) }
        }
      for (path, name) in names {
        let channel = step.channel.rawValue
        let languages = known.filter { $0.channel == channel && $0.name == name }.map(\.language)
        guard !languages.isEmpty else {
          let others = Set(known.filter { $0.channel == channel }.map(\.name)).sorted()
          throw unknown("unknown-template", path, "\(channel) template in use", others, name)
        }
        // As a request in another language of the same kind finds it.
        if let wanted = step.language, !languages.contains(where: { $0.prefix(2) == wanted.prefix(2) }) {
          throw Refusal(
            restoring: "unknown-language", at: path, "\(name) is there in \(languages.sorted().joined(separator: ", "))"
          )
        }
      }
    }
  }

  private static func gateways(_ definition: CampaignDefinition, _ session: Connection) throws {
    let rows = try session.rows("select channel, name, purposes is null or $1 = any(purposes) from gateway") {
      $0.text(definition.purpose.rawValue)
    }
    for (place, step) in definition.channels.enumerated() where step.channel.message != nil {
      let channel = rows.filter { $0.text(0) == step.channel.rawValue }
      guard let name = step.gateway else {
        guard channel.contains(where: { $0.boolean(2) }) else {
          throw Refusal(
            restoring: "no-gateway", at: "channels[\(place)].channel",
            "no gateway takes \(definition.purpose.rawValue) by \(step.channel.rawValue): `millrace outreach gateways list`"
          )
        }
        continue
      }
      guard let row = channel.first(where: { $0.text(1) == name }) else {
        let path = "channels[\(place)].gateway"
        throw unknown("unknown-gateway", path, "\(step.channel.rawValue) gateway", channel.map { $0.text(1) }, name)
      }
      guard row.boolean(2) else {
        throw Refusal(
          restoring: "not-served", at: "channels[\(place)].gateway", "\(name) takes no \(definition.purpose.rawValue)")
      }
    }
  }

  private static func unknown(
    _ reason: StaticString, _ path: String, _ what: String, _ known: [String], _ name: String
  ) -> Refusal {
    Refusal(
      reason, at: path, "there is no \(what) \(shown(name))" + Misspelling.hint(name, known).replacingFullStop)
  }
}

extension String {
  /// A refusal's sentence goes on.
  fileprivate var replacingFullStop: String { self == "." ? "" : self }
}
