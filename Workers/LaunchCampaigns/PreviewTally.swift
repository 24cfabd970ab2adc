import Campaigns
import Outreach
import Topics

/// How many of whom a campaign reaches, as its launch would count them.
struct PreviewTally: Equatable {
  /// Recipients that are alike in these respects.
  struct Group: Hashable, Comparable {
    let place: Int
    let variant: Int
    let branch: String?
    /// ISO 3166-2, or a country.
    let region: String?
    let language: String?

    static func < (a: Group, b: Group) -> Bool {
      (a.place, a.variant, a.branch ?? "", a.region ?? "", a.language ?? "")
        < (b.place, b.variant, b.branch ?? "", b.region ?? "", b.language ?? "")
    }
  }

  /// A variable of a template that some lack.
  struct Missing: Hashable, Comparable {
    let variable: String
    let template: String

    static func < (a: Missing, b: Missing) -> Bool { (a.template, a.variable) < (b.template, b.variable) }
  }

  private(set) var excluded: Int64 = 0
  private(set) var heldOut: Int64 = 0
  private(set) var skipped: [String: Int64] = [:]
  private(set) var send: [Group: Int64] = [:]
  private(set) var missing: [Missing: Int64] = [:]

  var recipients: Int64 { send.values.reduce(0, +) }
  /// Of these, those who get a message.
  func messages(of plan: CampaignDefinition) -> Int64 {
    send.reduce(0) { $0 + (plan.channels[$1.key.place].channel.message == nil ? 0 : $1.value) }
  }

  /// Those who will have a row, whatever becomes of them.
  var audience: Int64 { heldOut + skipped.values.reduce(0, +) + recipients }

  init(
    _ counts: [AudienceCount], _ plan: CampaignDefinition, branches: [Int64: String], gateways: [Channel: GatewayBook]
  ) {
    for count in counts {
      switch count.outcome {
      case .excluded: excluded += count.people
      case .heldOut: heldOut += count.people
      case .skipped(let reason):
        skipped[reason, default: 0] += count.people
        guard reason == "missing-variable", let place = count.place else { continue }
        for variable in count.missing {
          let template = plan.template(variant: count.variant, place: place) ?? "script"
          missing[Missing(variable: variable, template: template), default: 0] += count.people
        }
      case .send:
        guard let place = count.place else { continue }
        if let reason = PreviewTally.obstacle(count, plan.channels[place], plan.purpose, gateways) {
          skipped[reason, default: 0] += count.people
          continue
        }
        let group = Group(
          place: place, variant: count.variant, branch: count.branch.flatMap { branches[$0] },
          region: count.region.map { String($0.prefix { $0 != "/" }) }, language: count.language)
        send[group, default: 0] += count.people
      }
    }
  }

  /// Why no gateway would take these messages, as whoever makes them finds out one by one.
  private static func obstacle(
    _ count: AudienceCount, _ step: CampaignDefinition.Step, _ purpose: Purpose, _ gateways: [Channel: GatewayBook]
  ) -> String? {
    guard let channel = step.channel.message else { return nil }
    let book = gateways[channel] ?? GatewayBook()
    let country = step.channel == .sms ? PreviewTally.country(count.region) : nil
    // Nobody knows where they are: they are taken for served.
    guard step.channel != .sms || country != nil else { return nil }
    guard let name = step.gateway else { return book.candidates(country, purpose).isEmpty ? "no-gateway" : nil }
    return book[name]?.serves(country, purpose) == true ? nil : "not-served"
  }

  /// `CN` of `CN-GD/Shenzhen`.
  static func country(_ region: String?) -> String? {
    region.map { String($0.prefix { $0 != "-" && $0 != "/" }) }
  }
}
