import Templates
import Testing
import Values

@testable import Campaigns

@Suite struct DefinitionTests {
  private static let least = """
    {"name": "spring", "title": "Spring bonds", "objective": "cross-sell", "branch": "SH", "purpose": "marketing",
     "audience": {"customers": "level = gold"}, "channels": [{"channel": "sms", "template": "spring"}],
     "expires": "2027-03-31T18:00:00+08:00"}
    """

  @Test("the shortest definition says what the rest means")
  func least() throws {
    let definition = try CampaignDefinition(reading: DefinitionTests.least)
    #expect(definition.control == .none)
    #expect(definition.variants.map(\.name) == ["a"])
    #expect(definition.variants.map(\.share) == [.all])
    #expect(definition.starts == nil && definition.owner == nil && definition.pace == nil && definition.hours == nil)
    #expect(definition.channels.map(\.template) == ["spring"] && definition.channels[0].language == nil)
  }

  @Test("all that a definition can say is read")
  func whole() throws {
    let definition = try CampaignDefinition(
      reading: """
        {"name": "spring-bonds-2027", "title": "Spring bonds", "objective": "cross-sell", "owner": "P-1001", "branch": "SH",
         "purpose": "service", "product": {"code": "BOND-7", "risk": 2}, "audience": {"leads": "state = pooled"},
         "exclude": "source = web", "columnsOf": "guests", "control": {"share": 5.25},
         "variants": [
           {"name": "a", "share": 33.33, "variables": {"offer": "2.9 %"}},
           {"name": "b", "share": 66.67, "templates": {"sms": "spring-bonds-b"}}],
         "channels": [
           {"channel": "sms", "template": "spring-bonds", "language": "zh-cn", "gateway": "kannel"},
           {"channel": "email", "template": "spring-bonds", "onFailure": true, "afterSilence": "P1DT12H"}],
         "variables": {"offer": "3 %", "price": {"amount": "100.00", "currency": "CNY"}},
         "starts": "2027-03-01T09:00:00+08:00", "expires": "2027-03-31T18:00:00+08:00", "hours": "OFFICE", "pace": 20000,
         "budget": "spring-2027", "pauseAt": {"failures": 5, "complaints": 0.3, "after": 200},
         "targets": {"reach": 50000, "responses": 800, "conversions": 200, "assets": {"amount": "1000000.00", "currency": "CNY"}},
         "conversion": {"by": "assets-added", "within": "P30D", "credit": "even"}}
        """)
    #expect(definition.audience == .leads && definition.filter.text == "state = pooled")
    #expect(definition.product == .init(code: "BOND-7", risk: 2))
    #expect(definition.control.description == "5.25 %" && definition.columnsOf == "guests")
    #expect(definition.variants.map(\.share.hundredths) == [3333, 6667])
    #expect(definition.template(variant: 0, place: 0) == "spring-bonds")
    #expect(definition.template(variant: 1, place: 0) == "spring-bonds-b")
    #expect(definition.template(variant: 1, place: 1) == "spring-bonds")
    #expect(definition.variables(of: 0)["offer"] == .text("2.9 %"))
    #expect(definition.variables(of: 1)["offer"] == .text("3 %"))
    #expect(definition.variables["price"] == .money(Money("100.00", "CNY")!))
    #expect(definition.channels[0].language == "zh-CN")
    #expect(
      definition.channels[1].onFailure == .seconds(259_200) && definition.channels[1].afterSilence == .seconds(129_600))
    #expect(definition.pauseAt?.complaints?.description == "0.3 %")
    #expect(definition.conversion == .init(by: .assetsAdded, within: .seconds(30 * 86_400), credit: .even))
  }

  @Test(
    "what is wrong is refused with its path",
    arguments: [
      (#""purpose": "marketing""#, #""purpose": "marketing", "chanels": []"#, "chanels unknown-field"),
      (#""purpose": "marketing""#, #""purpose": "transactional""#, "purpose unknown-word"),
      (#""name": "spring""#, #""name": "Spring""#, "name not-a-name"),
      (#""name": "spring", "#, "", "name missing"),
      (
        #""customers": "level = gold""#, #""customers": "level = gold", "leads": "level = gold""#,
        "audience.customers wrong-parts"
      ),
      (#""customers": "level = gold""#, #""customers": "levle = gold""#, "audience.customers not-a-filter"),
      (
        #""customers": "level = gold""#, #""customers": "level = gold'; drop table customer; --""#,
        "audience.customers not-a-filter"
      ),
      (#""customers": "level = gold""#, #""customers": "level = gold", "until": 1"#, "audience.until unknown-field"),
      (#""purpose""#, #""exclude": "tag", "purpose""#, "exclude not-a-filter"),
      (#""purpose""#, #""columnsOf": "Guests!", "purpose""#, "columnsOf not-a-name"),
      (#""purpose""#, #""control": {"share": 50.01}, "purpose""#, "control.share out-of-range"),
      (#""purpose""#, #""control": {"share": -1}, "purpose""#, "control.share out-of-range"),
      (#""purpose""#, #""control": {"share": 1e1}, "purpose""#, "control.share out-of-range"),
      (#""purpose""#, #""control": {"share": "5"}, "purpose""#, "control.share wrong-type"),
      (#""purpose""#, #""variants": [{"name": "a", "share": 100}], "purpose""#, "variants too-few"),
      (
        #""purpose""#, #""variants": [{"name": "a", "share": 50}, {"name": "b", "share": 49.99}], "purpose""#,
        "variants wrong-sum"
      ),
      (
        #""purpose""#, #""variants": [{"name": "a", "share": 50}, {"name": "a", "share": 50}], "purpose""#,
        "variants[1].name twice"
      ),
      (
        #""purpose""#,
        #""variants": [{"name": "a", "share": 50, "templates": {"fax": "x"}}, {"name": "b", "share": 50}], "purpose""#,
        "variants[0].templates.fax unused"
      ),
      (#""template": "spring"}"#, #""template": "spring", "onFailure": true}"#, "channels[0].onFailure wrong-parts"),
      (
        #""template": "spring"}"#, #""template": "spring"}, {"channel": "email", "template": "x"}"#,
        "channels[1].onFailure wrong-parts"
      ),
      (
        #""template": "spring"}"#, #""template": "spring"}, {"channel": "sms", "template": "x", "onFailure": true}"#,
        "channels[1].channel twice"
      ),
      (
        #""template": "spring"}"#,
        #""template": "spring"}, {"channel": "email", "template": "x", "afterSilence": "24h"}"#,
        "channels[1].afterSilence not-a-period"
      ),
      (
        #""template": "spring"}"#,
        #""template": "spring"}, {"channel": "email", "template": "x", "afterSilence": "PT5S"}"#,
        "channels[1].afterSilence out-of-range"
      ),
      (
        #""template": "spring"}"#, #""template": "spring", "language": "tlh"}"#, "channels[0].language unknown-language"
      ),
      (#"[{"channel": "sms", "template": "spring"}]"#, "[]", "channels missing"),
      (#""purpose""#, #""starts": "2027-03-31T10:00:00Z", "purpose""#, "expires out-of-order"),
      (#""purpose""#, #""pace": 0, "purpose""#, "pace out-of-range"),
      (#""purpose""#, #""pauseAt": {"after": 10}, "purpose""#, "pauseAt.failures missing"),
      (#""purpose""#, #""pauseAt": {"failures": 101}, "purpose""#, "pauseAt.failures out-of-range"),
      (#""purpose""#, #""product": {"code": "X", "risk": 6}, "purpose""#, "product.risk out-of-range"),
      (#""purpose""#, #""variables": {"a": []}, "purpose""#, "variables.a wrong-type"),
      (
        #""purpose""#, #""variables": {"a": {"amount": "x", "currency": "CNY"}}, "purpose""#,
        "variables.a.amount not-an-amount"
      ),
      (
        #""purpose""#, #""conversion": {"by": "contacted", "within": "P1Y"}, "purpose""#,
        "conversion.within not-a-period"
      ),
      (#""title": "Spring bonds""#, #""title": "a\u0000b""#, " nul-character"),
      (#""title""#, #""title": "twice", "title""#, "title twice"),
    ])
  func refused(_ said: String, _ instead: String, _ expected: String) {
    let text = DefinitionTests.least.replacing(said, with: instead)
    #expect(text != DefinitionTests.least)
    do throws(Refusal) {
      _ = try CampaignDefinition(reading: text)
      Issue.record("it was taken: \(instead)")
    } catch {
      #expect("\(error.path) \(error.reason)" == expected)
    }
  }

  @Test("a misspelt member is refused with the one that may have been meant")
  func hint() {
    #expect {
      try CampaignDefinition(reading: DefinitionTests.least.replacing(#""title""#, with: #""titel""#))
    } throws: {
      ($0 as? Refusal)?.detail.contains("did you mean `title`?") == true
    }
  }

  @Test(
    "a share is read to the hundredth",
    arguments: [("5", 500), ("0.3", 30), ("12.05", 1_205), ("100", 10_000), ("0", 0)])
  func shares(_ written: String, _ hundredths: Int) throws {
    let text = DefinitionTests.least.replacing(
      #""purpose""#, with: #""variants": [{"name": "a", "share": \#(written)}, {"name": "b", "share": 1}], "purpose""#)
    do throws(Refusal) {
      _ = try CampaignDefinition(reading: text)
    } catch {
      let sum = Percentage(hundredths: hundredths + 100)
      #expect(error.detail.contains(hundredths == 0 ? "from 0.01 %" : "come to \(sum),"), "\(error)")
    }
  }

  private static let manager = #"{"channel": "manager", "script": "Call {{name}}", "due": "P3D"}"#

  @Test("a task has a script, a language and a due time, and variants may have scripts of their own")
  func task() throws {
    let definition = try CampaignDefinition(
      reading: DefinitionTests.least.replacing(
        #"[{"channel": "sms", "template": "spring"}]"#,
        with: #"""
          [{"channel": "sms", "template": "spring"},
           {"channel": "manager", "script": "Call {{name}}", "language": "en-gb", "due": "P3D", "onFailure": true},
           {"channel": "email", "template": "spring", "afterSilence": "PT1H"}],
          "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50, "script": "Greet {{name}} of {{branch}}"}]
          """#))
    #expect(definition.channels.map(\.channel) == [.sms, .manager, .email])
    let task = try #require(definition.channels[1].task)
    #expect(task.script == "Call {{name}}" && task.language == "en-GB" && task.due == .seconds(259_200))
    #expect(definition.template(variant: 1, place: 1) == nil && definition.template(variant: 1, place: 0) == "spring")
    #expect(try definition.scripts.map { $0.variables.map(\.name) } == [["name"], ["name", "branch"]])
    #expect(try definition.scripts[1].text(telling: ["name": .text("王"), "branch": .text("SH")]) == "Greet 王 of SH")
  }

  @Test(
    "what is wrong with a task is refused with its path",
    arguments: [
      (manager, manager.replacing("P3D", with: "P91D"), "channels[0].due out-of-range"),
      (manager, manager.replacing(#", "due": "P3D""#, with: ""), "channels[0].due missing"),
      (manager, manager.replacing("Call {{name}}", with: " "), "channels[0].script empty"),
      (manager, manager.replacing("{{name}}", with: "{{name"), "channels[0].script not-a-template"),
      (manager, manager.replacing(#""script": "Call {{name}}", "#, with: ""), "channels[0].script missing"),
      (manager, String(manager.dropLast()) + #", "gateway": "x"}"#, "channels[0].gateway unknown-field"),
      (manager, String(manager.dropLast()) + #", "onFailure": true}"#, "channels[0].onFailure wrong-parts"),
      (
        manager,
        manager + #", {"channel": "sms", "template": "x", "onFailure": true, "failureWithin": "PT1H"}"#,
        "channels[1].failureWithin wrong-parts"
      ),
      (
        manager + "]",
        manager + #"], "variants": [{"name": "a", "share": 50, "script": "{{"}, {"name": "b", "share": 50}]"#,
        "variants[0].script not-a-template"
      ),
      (
        "[" + manager + "]",
        #"[{"channel": "sms", "template": "x"}], "variants": [{"name": "a", "share": 50, "script": "x"}, {"name": "b", "share": 50}]"#,
        "variants[0].script unused"
      ),
    ])
  func refusedTask(_ said: String, _ instead: String, _ expected: String) {
    let least = DefinitionTests.least.replacing(
      #"{"channel": "sms", "template": "spring"}"#, with: DefinitionTests.manager)
    do throws(Refusal) {
      _ = try CampaignDefinition(reading: least.replacing(said, with: instead))
      Issue.record("it was taken")
    } catch {
      #expect("\(error.path) \(error.reason)" == expected)
    }
  }

  @Test(
    "the worked examples are definitions",
    arguments: ["spring-bonds", "birthday-care", "welcome-leads", "maturing-bonds"])
  func examples(_ name: String) throws {
    let text = try SourceFile.read("ops/campaigns/examples/\(name).json")
    #expect(try CampaignDefinition(reading: text).name.hasPrefix(name))
  }
}
