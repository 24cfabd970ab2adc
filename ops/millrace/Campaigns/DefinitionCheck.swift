internal import Campaigns
internal import Postgres
internal import Values

/// Whether what a definition names is there: templates, gateways, the budget. The rest is the database's to say.
enum DefinitionCheck {
  static func run(_ definition: CampaignDefinition, _ session: Connection) throws {
    try templates(definition, session)
    try gateways(definition, session)
    if let budget = definition.budget, try Budgets.table(session, name: budget).isEmpty {
      let known = try session.rows("select name from budget").map { $0.text(0) }
      throw unknown("unknown-budget", "budget", "budget", known, budget)
    }
  }

  private static func templates(_ definition: CampaignDefinition, _ session: Connection) throws {
    let known = try session.rows("select channel, name, language from template_in_use").map {
      (channel: $0.text(0), name: $0.text(1), language: $0.text(2))
    }
    for (place, step) in definition.channels.enumerated() {
      let names =
        [(path: "channels[\(place)].template", name: step.template)]
        + definition.variants.enumerated().compactMap { number, variant in
          variant.templates[step.channel].map { ("variants[\(number)].templates.\(step.channel.rawValue)", $0) }
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
    for (place, step) in definition.channels.enumerated() {
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
