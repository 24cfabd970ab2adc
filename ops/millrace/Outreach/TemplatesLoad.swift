internal import Postgres
internal import Printing
internal import Templates

/// `outreach templates load`: new versions from files.
enum TemplatesLoad {
  static let command = Command(
    name: "outreach templates load", summary: "store what files say as new versions", operands: "FILE|DIR",
    operandCount: 1...1, options: [.execute, .json],
    details: """
      A file holds one JSON object; of a directory all *.json are read. Longer parts may lie in files beside it:

        {"templates": [
          {"name": "maturity", "channel": "sms", "language": "zh-CN", "signature": "华证券", "providerTemplate": "SMS_1",
           "text": "{{name|default:\\"客户\\"}}您好，{{product}}将于{{due|date}}到期，金额{{total|money:\\"name\\"}}。"},
          {"name": "maturity", "channel": "email", "language": "en-GB", "subject": "{{product}} matures",
           "textFile": "maturity.txt", "htmlFile": "maturity.html"}]}

      Channels: sms, email, fax. Languages: zh-CN, zh-TW, zh-HK, en-US, en-GB. Only an e-mail has subject and html; only
      a short message has signature, the name without its brackets, and providerTemplate. The language of templates:

        {{name}}                        the value, else an error       {{name|default:"x"}}   or x
        {{t|date}} {{t|date:"long"}}    short, medium, long, full      {{t|time}} {{t|datetime:"long"}}
        {{n|number}} {{n|number:2}}     grouped; with 2 decimals       {{m|money:"name"}}     symbol, name, code
        {{#if name}} … {{else}} … {{/if}}      {{#if level is "gold"}} … {{/if}}      is not      {{"{{"}}

      A version never changes once it is stored: what differs from the one in use becomes the next, what does not stays.
      What is no template is refused with line and column.
      """,
    examples: [
      ("millrace outreach templates load templates/", "see what would be stored"),
      ("millrace outreach templates load templates/ --execute", "store it"),
    ],
    run: run)

  private struct Change {
    let template: StoredTemplate
    let version: Int64
    let what: String
    let details: String
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    let wanted = try TemplateFiles.read(invocation.operands[0])
    let session = try invocation.database()
    let changes: [Change]
    if invocation.isExecuting {
      changes = try session.transaction {
        _ = try session.rows("select pg_advisory_xact_lock(hashtextextended('millrace outreach templates load', 0))")
        let changes = try compare(wanted, session)
        if !changes.isEmpty {
          try store(changes.map(\.template), session)
          try OperatorAction.record(invocation, table(changes).json, session)
        }
        return changes
      }
    } else {
      changes = try compare(wanted, session)
    }
    invocation.output.show(table(changes), nothing: "Nothing changes.")
    if !changes.isEmpty {
      invocation.output.note(invocation.isExecuting ? "Stored." : "Nothing was done. To store it, add --execute.")
    }
    return .done
  }

  private static func compare(_ wanted: [StoredTemplate], _ session: Connection) throws -> [Change] {
    let known = Dictionary(grouping: try TemplateVersion.read(session)) { $0.template.key }
    return try wanted.compactMap { template in
      let versions = known[template.key] ?? []
      let used = versions.first { $0.state == .used }
      guard used?.template != template else { return nil }
      let wants = try template.check().variables.map { $0.need == .never ? "\($0.name)?" : $0.name }
      let details = used.map { "other " + template.differences(from: $0.template).joined(separator: ", ") }
      return Change(
        template: template, version: (versions.last?.version ?? 0) + 1, what: versions.isEmpty ? "new" : "changed",
        details: details ?? "wants " + (wants.isEmpty ? "nothing" : wants.joined(separator: ", ")))
    }
  }

  private static func table(_ changes: [Change]) -> Table {
    var table = Table(
      .left("name"), .left("channel"), .left("language"), .right("version"), .left("change"), .left("details"))
    for change in changes {
      let source = change.template.source
      table.add(
        .text(change.template.name), .text(source.channel.rawValue), .text(source.language), .number(change.version),
        .text(change.what), .text(change.details))
    }
    return table
  }

  private static func store(_ templates: [StoredTemplate], _ session: Connection) throws {
    _ = try session.rows(
      """
      insert into template (name, channel, language, text, subject, html, provider_template, signature)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      """
    ) {
      $0.texts(templates) { $0.name }
      $0.texts(templates) { $0.source.channel.rawValue }
      $0.texts(templates) { $0.source.language }
      $0.texts(templates) { $0.source.text }
      $0.texts(templates) { $0.source.subject }
      $0.texts(templates) { $0.source.html }
      $0.texts(templates) { $0.providerTemplate }
      $0.texts(templates) { $0.signature }
    }
  }
}
