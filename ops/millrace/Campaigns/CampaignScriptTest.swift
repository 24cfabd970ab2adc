internal import Campaigns
internal import Postgres
internal import Printing
internal import Templates
internal import Values

/// `campaign test --channel manager`: what the tasks of each variant say to whoever is given one.
enum CampaignScriptTest {
  static func run(_ invocation: Invocation) throws -> Exit {
    for word in ["--to", "--language"] where invocation.text(word) != nil {
      throw Failure.usage("\(word) is nothing for a script, which is read by whoever is given the task.")
    }
    guard !invocation.isExecuting else {
      throw Failure.usage("a script is shown without --execute: nobody is given a task as a test.")
    }
    let told = try TemplateValues.set(invocation).mapValues { TemplateValue.text($0) }
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    let definition = try CampaignDefinition(reading: campaign.definition)
    let scripts = try definition.scripts
    guard let task = definition.channels.lazy.compactMap(\.task).first, !scripts.isEmpty else {
      let known = definition.channels.map(\.channel.rawValue).joined(separator: ", ")
      throw Failure.no("\(campaign.name) gives nobody a task: it goes by \(known).")
    }
    var table = Table(.left("variant"), .left("language"), .left("text"))
    for variant in try CampaignTest.variants(definition, invocation) {
      let name = definition.variants[variant].name
      let text = try text(scripts[variant], telling: told, variant: name)
      table.add(.text(name), .text(task.language), .text(text))
    }
    if invocation.output.isJSON {
      invocation.output.show(table)
    } else {
      for row in table.rows { invocation.output.write(Table(table.columns, [row]).upright + "\n") }
    }
    return .done
  }

  private static func text(
    _ script: CampaignScript, telling told: [String: TemplateValue], variant: String
  ) throws -> String {
    var values = told
    for variable in script.variables where values[variable.name] == nil {
      values[variable.name] = CampaignTest.madeUp(variable)
    }
    do throws(RenderRefusal) { return try script.text(telling: values) } catch {
      throw Failure.no("variant \(variant): \(error). --set NAME=VALUE says what it is.")
    }
  }
}
