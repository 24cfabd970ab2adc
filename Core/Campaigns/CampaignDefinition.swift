public import Templates
public import Topics
public import Values

/// What marketing plans, and whom a plan reaches.
///
/// Invariants of this room:
/// - A definition is one JSON text, read here alone: by the worker that carries it out and by the command that stores it. What is
///   misspelt in it is refused by name, never passed over.
/// - Preview and launch ask one SQL (`Audience`), so that they count the same people where nothing has changed between.
/// - No text of a definition ever becomes a text of SQL: a filter is a tree, whose SQL is put together from literals of the source and
///   places of arguments (`Postgres.Composition` takes nothing else).
public struct CampaignDefinition: Sendable {
  /// A word of its own in the firm: `spring-bonds-2027`.
  public let name: String
  public let title: String
  /// What it is for, in the firm's own word: `cross-sell`.
  public let objective: String
  /// The code of who answers for it; nil is whoever stores it.
  public let owner: String?
  /// The code of the branch whose people it may reach, with those of the branches below it.
  public let branch: String
  /// `marketing` or `service`.
  public let purpose: MessageRequest.Purpose
  public let product: Product?
  public let audience: Kind
  /// Whom it is meant for.
  public let filter: Filter
  /// Who is taken out of it again.
  public let exclusion: Filter?
  /// The list whose columns templates can be told, of those who are on it.
  public let columnsOf: String?
  /// Who is left alone for comparison, of those who would get a message.
  public let control: Percentage
  /// At least one. Without any in the definition: one of everybody, named `a`.
  public let variants: [Variant]
  /// One to four, in the order in which they are tried; each channel once.
  public let channels: [Step]
  /// For everybody.
  public let variables: [String: TemplateValue]
  /// nil: from its launch on.
  public let starts: Timestamp?
  public let expires: Timestamp
  public let course: Course
  /// The code of the calendar within whose hours its messages leave.
  public let hours: String?
  /// Messages an hour.
  public let pace: Int?
  public let cap: Cap?
  public let budget: String?
  public let pauseAt: PauseAt?
  public let targets: Targets
  public let conversion: Conversion?

  /// Whose numbers its people have.
  public enum Kind: String, Sendable, CaseIterable { case customers, leads }

  /// When those whom the filter picks get it.
  public enum Course: Hashable, Sendable {
    /// At the launch.
    case once
    /// At the launch, and whoever comes to fulfil the filter until it expires, soon after.
    case joined
    /// On certain days, each time those whom it picks then.
    case every(Recurrence)
  }

  public struct Product: Hashable, Sendable {
    public let code: String
    /// 1 to 5; for people whose rating is that or higher. nil: for everybody.
    public let risk: Int?
  }

  public struct Variant: Sendable {
    public let name: String
    public let share: Percentage
    /// These go before the definition's.
    public let variables: [String: TemplateValue]
    /// In place of the channel's own.
    public let templates: [MessageChannel: String]
    /// In place of the channel manager's own.
    public let script: String?
  }

  /// One channel of a campaign.
  public struct Step: Hashable, Sendable {
    public let channel: CampaignChannel
    /// Of a message.
    public let template: String?
    /// Of the channel manager.
    public let task: Task?
    /// BCP 47; nil is each person's own.
    public let language: String?
    /// The only one that may carry it.
    public let gateway: String?
    /// Tried when the one before it has failed, within this time of its acceptance by a gateway: bounces and receipts come late. nil
    /// is never. A task has failed when nobody could be reached, or when it is overdue and `afterSilence` does not wait for longer.
    public let onFailure: Duration?
    /// Tried when so long nothing was heard of the one before it; of a task, when it has been overdue for so long.
    public let afterSilence: Duration?

    /// Without a word of the definition: what receipts and bounces usually take at most.
    public static let failureWithin: Duration = .seconds(3 * 86_400)
  }

  /// How often somebody may have been written to by a channel for its purpose, by whatever campaign or integration, and still be written
  /// to by it.
  public struct Cap: Hashable, Sendable {
    /// Who has had so many has had enough.
    public let messages: Int
    /// Counted back from when they would get it.
    public let within: Duration
  }

  /// When it is to stop by itself: shares of what was sent.
  public struct PauseAt: Hashable, Sendable {
    public let failures: Percentage?
    public let complaints: Percentage?
    /// Not before so many were sent.
    public let after: Int
  }

  /// What is hoped for.
  public struct Targets: Hashable, Sendable {
    public let reach: Int?
    public let responses: Int?
    public let conversions: Int?
    public let assets: Money?
  }

  /// What counts as a success, and whose it is.
  public struct Conversion: Hashable, Sendable {
    public enum Event: String, Sendable, CaseIterable {
      case leadConverted = "lead-converted"
      case assetsAdded = "assets-added"
      case contacted
    }

    public enum Credit: String, Sendable, CaseIterable {
      case lastTouch = "last-touch"
      /// In equal parts to all that touched the person.
      case even
    }

    public let by: Event
    public let within: Duration
    public let credit: Credit
  }

  /// The template of a variant on a channel, by their places; nil where no message is sent.
  public func template(variant: Int, place: Int) -> String? {
    let step = channels[place]
    return step.channel.message.flatMap { variants[variant].templates[$0] } ?? step.template
  }

  /// What all people of a variant are told alike.
  public func variables(of variant: Int) -> [String: TemplateValue] {
    variables.merging(variants[variant].variables) { _, own in own }
  }
}
