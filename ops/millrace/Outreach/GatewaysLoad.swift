internal import Gateways
internal import Postgres
internal import Printing
internal import Values

/// `outreach gateways load`: how messages leave, from files.
enum GatewaysLoad {
  static let command = Command(
    name: "outreach gateways load", summary: "store how messages leave, as files describe it", operands: "FILE|DIR",
    operandCount: 1...1, options: [.execute, .json],
    details: """
      A file holds one description, or {"gateways": [...]}; of a directory all *.json are read. What a description may say
      stands in ops/gateways/README.md; ready ones lie beside it. Wants: the secrets that it names, which the workers get by
      the setting GATEWAY_SECRETS, never by a file like this. Workers take a change up within a second.
      """,
    examples: [
      ("millrace outreach gateways load ops/gateways/kannel.json", "see what would be new"),
      ("millrace outreach gateways load gateways/ --execute", "store them"),
    ],
    run: run)

  private struct Change {
    let gateway: StoredGateway
    let version: Int64
    /// `new`, `changed` or `same`.
    let what: String
    let details: String?
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    let wanted = try StoredGateway.read(invocation.operands[0])
    let session = try invocation.database()
    let changes: [Change]
    if invocation.isExecuting {
      changes = try session.transaction {
        _ = try session.rows("select pg_advisory_xact_lock(hashtextextended('millrace outreach gateways load', 0))")
        let changes = try compare(wanted, session)
        let stored = changes.filter { $0.what != "same" }.map(\.gateway)
        if !stored.isEmpty {
          try store(stored, session)
          try OperatorAction.record(invocation, table(changes).json, session)
        }
        return changes
      }
    } else {
      changes = try compare(wanted, session)
    }
    invocation.output.show(table(changes))
    if changes.allSatisfy({ $0.what == "same" }) {
      invocation.output.note("Nothing changes.")
    } else {
      invocation.output.note(invocation.isExecuting ? "Stored." : "Nothing was done. To store it, add --execute.")
    }
    return .done
  }

  private static func compare(_ wanted: [StoredGateway], _ session: Connection) throws -> [Change] {
    let rows = try session.rows("select name, version, description from gateway where name = any($1)") {
      $0.texts(wanted) { $0.description.name }
    }
    let known = Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), (version: $0.integer(1), text: $0.text(2))) })
    return wanted.map { gateway in
      guard let old = known[gateway.description.name] else {
        return Change(gateway: gateway, version: 1, what: "new", details: nil)
      }
      let differences: [String]
      do throws(Refusal) {
        differences = gateway.differences(from: try StoredGateway(text: old.text))
      } catch {
        differences = ["what could not be read"]
      }
      guard !differences.isEmpty else {
        return Change(gateway: gateway, version: old.version, what: "same", details: nil)
      }
      return Change(
        gateway: gateway, version: old.version + 1, what: "changed",
        details: "other " + differences.joined(separator: ", "))
    }
  }

  private static func table(_ changes: [Change]) -> Table {
    var table = Table(
      .left("name"), .left("channel"), .right("version"), .left("change"), .right("place"), .left("countries"),
      .left("purposes"), .right("rate"), .left("price"), .left("wants"), .left("details"))
    for change in changes {
      let said = change.gateway.description
      table.add(
        .text(said.name), .text(said.channel.rawValue), .number(change.version), .text(change.what),
        .number(Int64(said.place)), list(said.countries), list(said.purposes?.map(\.rawValue)),
        .number(optional: said.rate.map { Int64($0) }), .text(optional: said.price.map { "\($0)" }),
        list(said.secrets.isEmpty ? nil : said.secrets), .text(optional: change.details))
    }
    return table
  }

  static func list(_ words: (some Sequence<String>)?) -> Table.Cell {
    .text(optional: words.map { $0.sorted().joined(separator: ", ") })
  }

  private static func store(_ gateways: [StoredGateway], _ session: Connection) throws {
    _ = try session.rows(
      """
      insert into gateway as g (name, channel, place, countries, purposes, rate, price, currency, description)
      select u.name, u.channel, u.place, string_to_array(u.countries, ','), string_to_array(u.purposes, ','), u.rate,
        u.price::numeric, u.currency, u.description
      from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[])
        u (name, channel, place, countries, purposes, rate, price, currency, description)
      on conflict (name) do update set channel = excluded.channel, place = excluded.place, countries = excluded.countries,
        purposes = excluded.purposes, rate = excluded.rate, price = excluded.price, currency = excluded.currency,
        description = excluded.description, version = g.version + 1, changed_at = clock_timestamp(), changed_by = session_user
      """
    ) {
      $0.texts(gateways) { $0.description.name }
      $0.texts(gateways) { $0.description.channel.rawValue }
      $0.smalls(gateways) { Int32($0.description.place) }
      $0.texts(gateways) { $0.description.countries?.sorted().joined(separator: ",") }
      $0.texts(gateways) { $0.description.purposes?.map(\.rawValue).sorted().joined(separator: ",") }
      $0.integers(gateways) { $0.description.rate.map { Int64($0) } }
      $0.texts(gateways) { $0.description.price?.amount }
      $0.texts(gateways) { $0.description.price?.currency }
      $0.texts(gateways) { $0.text }
    }
    _ = try session.rows(
      "insert into gateway_pace (gateway) select * from unnest($1::text[]) on conflict do nothing"
    ) { $0.texts(gateways) { $0.description.name } }
  }
}
