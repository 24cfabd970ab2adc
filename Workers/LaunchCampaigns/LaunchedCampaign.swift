import Campaigns
import Contract
import Outreach
import PhoneNumbers
import Postgres
import Templates
import Topics
import Values

/// A campaign as its messages are made: what it plans, and whom it reaches. A class, because every person of a page refers to it.
final class LaunchedCampaign: Sendable {
  let id: Int64
  let plan: CampaignDefinition
  let audience: Audience
  let rules: FallBackRules
  /// By variant: what tasks say; none where it gives none.
  let scripts: [CampaignScript]

  /// Whether those who get it are remembered, to be left alone for a while.
  let isRemembered: Bool

  init(
    id: Int64, _ plan: CampaignDefinition, _ scope: AudienceScope, seed: String, needs: [TemplateNeed],
    names: CampaignNames, occasion: Occasion?
  ) throws(Refusal) {
    (self.id, self.plan) = (id, plan)
    scripts = try plan.scripts
    audience = Audience(plan, scope, seed: seed, needs: needs, names: names, occasion: occasion)
    isRemembered =
      if occasion != nil, case .every(let recurrence) = plan.course { recurrence.again != nil } else { false }
    rules = FallBackRules(plan)
  }

  /// What it tells somebody on a channel; nil where it has no address of theirs.
  /// - Parameter variables: in place of what is known of them.
  func request(
    to candidate: Candidate, by place: Int, telling variables: [String: TemplateValue]? = nil
  ) -> MessageIntake.Request? {
    let step = plan.channels[place]
    guard let channel = step.channel.message else { return nil }
    var said = MessageRequest(plan.purpose)
    said.template = plan.template(variant: candidate.variant, place: place)
    said.language = candidate.language
    (said.gateway, said.budget, said.lead) = (step.gateway, plan.budget, candidate.lead)
    let message = CampaignMessage(to: Recipient.Key(campaign: id, subject: candidate.subject), by: place)
    guard
      var request = MessageIntake.Request(
        said, variables ?? candidate.variables, as: message.id, to: candidate, by: channel)
    else { return nil }
    request.campaign = id
    return request
  }
}

extension MessageIntake.Request {
  fileprivate init?(
    _ said: MessageRequest, _ variables: [String: TemplateValue], as id: String, to candidate: Candidate,
    by channel: Channel
  ) {
    let source = CampaignMessage.source
    switch channel {
    case .sms:
      guard let digits = candidate.phone, let phone = PhoneNumber(digits: digits) else { return nil }
      let place = phone.place
      self.init(
        said, variables: variables, source: source, id: id, phone: digits, country: place.country?.code,
        timeZone: place.timeZones.isEmpty ? nil : place.timeZones.joined)
      person = Person(customer: candidate.customer, language: candidate.language)
    case .email:
      guard let email = candidate.email else { return nil }
      self.init(said, variables: variables, source: source, id: id, email: email)
      person = Person(customer: candidate.customer, language: candidate.language, phone: candidate.phone)
    // Nobody's fax number is known.
    case .fax: return nil
    }
  }
}

extension PlanMemory {
  /// A campaign with its templates as they are in use now, the branches as they stand, and what its filters name.
  /// - Parameter occasion: of a plan, the one that it is asked about.
  func launched(
    _ id: Int64, _ plan: CampaignDefinition, branch: Int64, seed: String, of occasion: Occasion? = nil,
    _ transaction: Transaction
  ) throws(PostgresError) -> Result<LaunchedCampaign, Refusal> {
    let (templates, scope, names, own) = try transaction.ask(
      CampaignTemplates.ask(plan), AudienceScope.ask(branch), CampaignNames.ask(plan), Occasion.ask(id, plan))
    do throws(Refusal) {
      try names.check(plan)
      let needs = try templates.needs(of: plan, given: hasLinks ? [MessageIntake.unsubscribing] : [])
      return .success(
        try LaunchedCampaign(id: id, plan, scope, seed: seed, needs: needs, names: names, occasion: own ?? occasion))
    } catch {
      return .failure(error)
    }
  }
}
