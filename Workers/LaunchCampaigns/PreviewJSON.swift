import Campaigns
import JSON
import Values

extension CampaignPreview {
  /// As people read it through `millrace campaign preview`. What is not known is null.
  var json: String {
    let plan = facts.plan
    let bytes = JSONWriter.object { preview in
      preview.member("campaign", facts.campaign.name)
      preview.member("version", Int64(facts.campaign.version))
      preview.member("madeAt", madeAt)
      preview.member("audience", tally.audience)
      preview.member("excluded", tally.excluded)
      preview.member("heldOut", tally.heldOut)
      preview.raw("skipped", CampaignPreview.object(tally.skipped))
      preview.objects("send", tally.send.sorted { $0.key < $1.key }) { group, sent in
        group.member("channel", plan.channels[sent.key.place].channel.rawValue)
        group.known("variant", variant(sent.key.variant))
        group.known("branch", sent.key.branch)
        group.known("region", sent.key.region)
        group.known("language", sent.key.language)
        group.member("recipients", sent.value)
      }
      preview.member("recipients", tally.recipients)
      preview.raw("parts", parts.map { #"{"most":\#($0.most),"mean":\#(CampaignPreview.rounded($0.mean))}"# } ?? "null")
      preview.money("cost", cost)
      writeBudget(to: &preview)
      preview.raw("perHour", plan.pace.map(String.init) ?? "null")
      preview.known("ends", facts.ends?.rfc3339)
      preview.objects("samples", samples) { sample, shown in
        sample.known("variant", variant(shown.variant))
        sample.member("channel", plan.channels[shown.place].channel.rawValue)
        sample.known("language", shown.language)
        sample.member("to", shown.to)
        sample.known("subject", shown.subject)
        sample.member("text", shown.text)
        sample.raw("parts", shown.parts.map { String($0) } ?? "null")
      }
      preview.objects("missing", tally.missing.sorted { $0.key < $1.key }) { missing, lacking in
        missing.member("variable", lacking.key.variable)
        missing.member("template", lacking.key.template)
        missing.member("recipients", lacking.value)
      }
      preview.texts("warnings", warnings)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func writeBudget(to preview: inout JSONWriter) {
    guard let budget = facts.budget else { return preview.raw("budget", "null") }
    preview.object("budget") { object in
      object.member("name", budget.name)
      object.known("left", budget.left.map { Money(tenThousandths: $0, currency: budget.currency).amount })
      object.member("currency", budget.currency)
    }
  }

  /// nil of a campaign that has but one.
  private func variant(_ place: Int) -> String? {
    facts.plan.variants.count > 1 ? facts.plan.variants[place].name : nil
  }

  private static func object(_ counts: [String: Int64]) -> String {
    let members = counts.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .number(String($0.value))) }
    return String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
  }

  /// To two digits after the point.
  private static func rounded(_ number: Double) -> String {
    let hundredths = Int64((number * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}

extension JSONWriter {
  fileprivate mutating func known(_ name: StaticString, _ value: String?) {
    if let value { member(name, value) } else { raw(name, "null") }
  }

  fileprivate mutating func money(_ name: StaticString, _ value: Money?) {
    if let value { member(name, value) } else { raw(name, "null") }
  }
}
