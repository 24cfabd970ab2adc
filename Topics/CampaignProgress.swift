public import Contract
public import Values

/// Each step of a campaign's life, and each command about one that nothing came of.
///
/// A step is told once, by the transaction that takes it; the steps of one campaign are in order and counted from 1.
public enum CampaignProgress: Event, Equatable {
  case stepped(Stepped)
  case declined(Declined)

  public static let topic = Topic("campaign.progress", key: "campaign id", origin: .relay)
  public static let types = ["campaign.stepped", "campaign.declined"]

  /// As the campaign's record has them.
  public enum Step: String, Sendable, CaseIterable {
    case defined, changed, submitted, approved, rejected, launched, started, paused, resumed, extended, cancelled
    /// It has expired: nothing more is sent, and what is under way may still end.
    case closed
    /// Nobody is left of whom anything is still to be learnt; of a cancelled one `settled`.
    case finished, settled
    /// Of a plan that comes again: days on which nothing ran, and which are over.
    case missed
  }

  public enum State: String, Sendable, CaseIterable {
    case draft, submitted, approved, rejected, scheduled, running, paused, closed, finished, cancelled
  }

  /// What people command; as a step it is in the past tense.
  public enum Command: String, Sendable, CaseIterable {
    case submit, approve, reject, launch, pause, resume, cancel, extend
  }

  public struct Stepped: Equatable, Sendable {
    public let campaign: Int64
    /// The campaign's own word in the firm; of an occasion the plan's and its day, `birthday-care/2027-05-01`.
    public let name: String
    public let step: Step
    /// Which step of the campaign it is, from 1 on.
    public let number: Int64
    /// Of the plan, from 1 on.
    public let version: Int64
    /// nil of a new one.
    public let before: State?
    public let state: State
    /// The code of who took the step; nil where it was due.
    public let by: String?
    public let note: String?
    /// The signed command that it came of; nil where the person's own login took it.
    public let command: Origin?
    public let plan: Plan
    /// Where recipients stood, as it was known then; none where there is none.
    public let counts: [Count]
    public let at: Timestamp

    public init(
      campaign: Int64, name: String, step: Step, number: Int64, version: Int64, before: State? = nil, state: State,
      by: String? = nil, note: String? = nil, command: Origin? = nil, plan: Plan, counts: [Count] = [], at: Timestamp
    ) {
      (self.campaign, self.name, self.step, self.number, self.version) = (campaign, name, step, number, version)
      (self.before, self.state, self.by, self.note, self.command) = (before, state, by, note, command)
      (self.plan, self.counts, self.at) = (plan, counts, at)
    }
  }

  /// CloudEvents source and id of a command.
  public struct Origin: Equatable, Sendable {
    public let source: String
    public let id: String

    public init(source: String, id: String) { (self.source, self.id) = (source, id) }
  }

  /// How many recipients stand somewhere, as the campaign's own count has them.
  public struct Count: Equatable, Sendable {
    /// Its place among the plan's variants, from 0 on.
    public let variant: Int64
    /// nil of those whom no channel reaches.
    public let channel: String?
    public let state: String
    public let reason: String?
    public let recipients: Int64

    public init(variant: Int64, channel: String?, state: String, reason: String?, recipients: Int64) {
      (self.variant, self.channel, self.state) = (variant, channel, state)
      (self.reason, self.recipients) = (reason, recipients)
    }
  }

  /// Nothing came of a command, but that whoever gave it is told why.
  public struct Declined: Equatable, Sendable {
    public let campaign: Int64
    public let name: String
    public let wanted: Command
    /// The code of the person for whom it was.
    public let by: String
    /// A kebab-case word, such as `your-own`.
    public let reason: String
    public let command: Origin
    public let at: Timestamp

    public init(
      campaign: Int64, name: String, wanted: Command, by: String, reason: String, command: Origin,
      at: Timestamp
    ) {
      (self.campaign, self.name, self.wanted, self.by) = (campaign, name, wanted, by)
      (self.reason, self.command, self.at) = (reason, command, at)
    }
  }

  public var type: String {
    switch self {
    case .stepped: "campaign.stepped"
    case .declined: "campaign.declined"
    }
  }

  public var key: String {
    switch self {
    case .stepped(let stepped): String(stepped.campaign)
    case .declined(let declined): String(declined.campaign)
    }
  }
}
