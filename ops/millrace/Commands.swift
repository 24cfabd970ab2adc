/// Everything that the command can do, in the order of its help.
enum Commands {
  static let all: [Command] = [
    Doctor.command,
    Migrate.command,
    Lag.command,
    Lanes.list, Lanes.resume,
    Positions.show, Positions.reset, Recover.command,
    OutboxRefused.command,
    DeadLetters.list, DeadLetters.show, DeadLetterSettling.replay, DeadLetterSettling.discard,
    Leads.explain, Leads.held, Leads.list, LeadsSetup.command,
    LeadsRehearse.command, LeadsImport.command,
    CustomersImport.command, CustomersCommands.show, CustomersCommands.find,
    PrivateNotes.noteCustomer, PrivateNotes.customerNotes,
    LeadDeeds.claim, LeadDeeds.contact, LeadDeeds.release, LeadDeeds.assign, LeadTransfer.command,
    PrivateNotes.noteLead, PrivateNotes.leadNotes,
    ProtectionPolicies.command,
    PeopleReport.command, HandOvers.handOvers, HandOvers.pending,
    CallsImport.command, CallsShow.command, CallsReport.command, CallsVerify.command,
    Reminders.list, Reminders.own, Reminders.finish, ReminderDigests.command,
    TemplatesLoad.command, TemplatesShow.list, TemplatesShow.show, TemplatesWithdraw.command, OutreachRender.command,
    ServiceLogExport.command, ServiceLogVerify.command, PrivacyErase.command,
    Phone.command,
    TopicCommands.list, TopicCommands.check, TopicCommands.apply,
    Publish.command,
  ]

  /// What the words that stand before several commands mean.
  static let groups: [String: String] = [
    "topics": "see the contract's topics, compare them with the cluster's, create them",
    "lanes": "see which partitions stand still, and let them go on",
    "outbox": "see what the broker refused for good, send or discard it",
    "positions": "see how far every worker is, and move it",
    "dead-letters": "see what could not be applied, replay or discard it",
    "customers": "import, show and find customers; notes of your own",
    "reminders": "see who is to see to what, and say that it is done",
    "service-log": "export what was done to people, and prove that it was not changed",
    "privacy": "take a person out of all tables",
    "people": "see who has which leads",
    "leads": "import, explain, list leads; load the firm; claim, contact, release, assign, transfer; notes of your own",
    "outreach": "load and see templates of messages, and see what they come to",
    "outreach templates": "load templates, list and show them, withdraw a version",
    "calls": "import calls, see one, see the figures of queues and agents",
  ]
}
