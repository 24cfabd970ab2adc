public import Contract

/// Every topic of the contract, once. A topic is listed here in the commit that brings its worker.
public enum Catalogue {
  public static let events: [any Event.Type] = [
    LeadRegistered.self,
    LeadOwnership.self,
    ReminderRaised.self,
    CustomerProfile.self,
    LeadActivity.self,
    OrganisationChanged.self,
    ServiceRecorded.self,
    CallEvents.self,
    SMSRequested.self,
    EmailRequested.self,
    FaxRequested.self,
    OutreachReceipts.self,
    OutreachOutcomes.self,
    CampaignCommands.self,
    CampaignProgress.self,
    CustomerValue.self,
  ]

  /// The topics, each followed by the one that takes its dead letters.
  public static let topics: [Topic] = events.flatMap { [$0.topic, $0.topic.deadLetters] }

  /// What the named topic carries; nil for one that is not of the contract, and for a dead-letter topic, whose
  /// records are whatever was refused.
  public static func event(of topic: String) -> (any Event.Type)? { events.first { $0.topic.name == topic } }
}
