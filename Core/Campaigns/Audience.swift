public import Postgres

/// Whom a campaign reaches, and why others not: the one SQL behind preview and launch.
public struct Audience: Sendable {
  let definition: CampaignDefinition
  let branch: Int64
  let seed: String
  let needs: [TemplateNeed]

  /// - Parameters:
  ///   - branch: the definition's branch, whose people it may reach with those of the branches below it.
  ///   - seed: of the campaign's row; it decides who is of which variant and who is held out.
  ///   - needs: of every template that the definition names, in every language that it is there in.
  public init(_ definition: CampaignDefinition, branch: Int64, seed: String, needs: [TemplateNeed]) {
    (self.definition, self.branch, self.seed, self.needs) = (definition, branch, seed, needs)
  }

  /// The next people after a number, in order of it: fewer than the limit only where nobody is left.
  public func page(after: Int64, limit: Int) -> Question<[Candidate]> { Question(known: []) }

  /// How many of whom, those who are excluded among them, in one reading.
  public func counts() -> Question<[AudienceCount]> { Question(known: []) }

  /// A few of those who get a message, per variant, channel and language.
  public func samples() -> Question<[Candidate]> { Question(known: []) }
}
