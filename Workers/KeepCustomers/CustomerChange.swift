import Contract
import Customers
import Digest
import Postgres
import Reminders
import Values

/// Customers are written as the batch's last decision left each of them, so that several versions in one batch cost one row:
/// a change says no more than that there is one.
struct CustomerChange: Sendable {}

/// What a customer's row has.
extension CustomerBook.Customer {
  var unknownBranch: String? { branch == nil ? facts?.profile.branch : nil }
  var toldManager: String? { facts?.profile.manager }
  var unknownManager: String? { manager == nil ? toldManager : nil }
}

/// One number of a customer that was not there as it is now, or is there no more (`place` is nil).
struct PhoneRow {
  let customer: Int64
  let digits: Int64
  let place: Int32?
  let kind: String?
  /// Empty where nobody knows the region of such a number.
  var region: String?

  static func changed(_ book: CustomerBook) -> [PhoneRow] { book.changed.flatMap(changed) }

  private static func changed(_ customer: CustomerBook.Customer) -> [PhoneRow] {
    let told = customer.facts?.phones ?? []
    let now = told.enumerated().map {
      CustomerBook.StoredPhone(digits: $1.digits, place: Int32($0), kind: $1.kind)
    }
    if now == customer.storedPhones { return [] }
    let gone = customer.storedPhones.filter { old in !now.contains { $0.digits == old.digits } }
    let new = now.filter { !customer.storedPhones.contains($0) }
    return gone.map { PhoneRow(customer: customer.id, digits: $0.digits, place: nil, kind: nil) }
      + new.map {
        PhoneRow(
          customer: customer.id, digits: $0.digits, place: $0.place, kind: $0.kind,
          region: told[Int($0.place)].region?.description ?? "")
      }
  }
}

extension CustomerChange {
  static let writes: [Write<CustomerBook, CustomerChange>] =
    [customers, versions, phones, suggestions]
    + LeadConversion.writes(by: KeepCustomers.name) { $0.leads.conversions }
    + [
      .cancelling(by: KeepCustomers.name) { book, _ in
        book.leads.conversions.map { .about(.lead($0.lead), because: "converted") }
      }
    ]

  /// `any($1)` beside the join lets the planner use the key whatever it believes of the table's size.
  private static let customers: Write<CustomerBook, CustomerChange> = .total(
    { book, _ in book.changed },
    """
    merge into customer c
    using (
      select id, code, before, version, data, status, number, identity, name, other_names::text[] as other_names, email,
        language, birthday::date as birthday, level, risk_rating, assets * 0.0001 as assets_amount, assets_currency,
        assets_as_of, tags::text[] as tags, consented, refused, consent_slots::int[] as consent_slots,
        consent_times::timestamptz[] as consent_times, consent_sources::text[] as consent_sources, branch_id, manager_id,
        unknown_branch, unknown_manager, confidential, flaws::text[] as flaws, told_manager,
        clock_timestamp() as changed_at
      from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::uuid[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[],
        $17::text[], $18::timestamptz[], $19::text[], $20::int[], $21::int[], $22::text[], $23::text[], $24::text[],
        $25::bigint[], $26::bigint[], $27::text[], $28::text[], $29::boolean[], $30::text[], $31::text[])
        u (id, code, before, version, data, status, number, identity, name, other_names, email, language, birthday, level,
        risk_rating, assets, assets_currency, assets_as_of, tags, consented, refused, consent_slots, consent_times,
        consent_sources, branch_id, manager_id, unknown_branch, unknown_manager, confidential, flaws, told_manager)) a
    on c.id = a.id and c.id = any($1)
    when matched and c.version = a.before then update set
      version = a.version, data = a.data, status = a.status, number = a.number, identity = a.identity, name = a.name,
      other_names = a.other_names, email = a.email, language = a.language, birthday = a.birthday, level = a.level,
      risk_rating = a.risk_rating, assets_amount = a.assets_amount, assets_currency = a.assets_currency,
      assets_as_of = a.assets_as_of, tags = a.tags, consented = a.consented, refused = a.refused,
      consent_slots = a.consent_slots, consent_times = a.consent_times, consent_sources = a.consent_sources,
      branch_id = a.branch_id, unknown_branch = a.unknown_branch,
      manager_id = case when c.told_manager = a.told_manager and c.manager_id is not null then c.manager_id else a.manager_id end,
      unknown_manager = case when c.told_manager = a.told_manager and c.manager_id is not null then null
        else a.unknown_manager end,
      told_manager = a.told_manager, confidential = a.confidential, flaws = a.flaws, changed_at = a.changed_at
    when not matched and a.before = 0 then insert (id, code, version, data, status, number, identity, name, other_names,
        email, language, birthday, level, risk_rating, assets_amount, assets_currency, assets_as_of, tags, consented,
        refused, consent_slots, consent_times, consent_sources, branch_id, manager_id, unknown_branch, unknown_manager,
        confidential, flaws, changed_at, told_manager)
      values (a.id, a.code, a.version, a.data, a.status, a.number, a.identity, a.name, a.other_names, a.email, a.language,
        a.birthday, a.level, a.risk_rating, a.assets_amount, a.assets_currency, a.assets_as_of, a.tags, a.consented,
        a.refused, a.consent_slots, a.consent_times, a.consent_sources, a.branch_id, a.manager_id, a.unknown_branch,
        a.unknown_manager, a.confidential, a.flaws, a.changed_at, a.told_manager)
    """,
    isDivisible: true,
    .integer { $0.id }, .text { $0.code }, .integer { $0.storedVersion },
    .integer { $0.version }, .fingerprint { $0.data ?? Fingerprint(high: 0, low: 0) },
    .text { $0.status.rawValue }, .text { $0.facts?.profile.number }, .fingerprint { $0.facts?.identity },
    .text { $0.facts?.profile.name }, .text { ArrayLiteral.texts($0.facts?.profile.otherNames ?? []) },
    .text { $0.facts?.email }, .text { $0.facts?.profile.language }, .text { $0.facts?.birthday },
    .text { $0.facts?.profile.level }, .text { $0.facts?.profile.riskRating },
    .integer { $0.facts?.profile.assets?.amount.tenThousandths },
    .text { $0.facts?.profile.assets?.amount.currency }, .timestamp { $0.facts?.profile.assets?.asOf },
    .text { ArrayLiteral.texts($0.facts?.tags ?? []) }, .small { $0.facts?.consented ?? 0 },
    .small { $0.facts?.refused ?? 0 }, .text { ArrayLiteral.integers($0.facts?.consents.map(\.slot) ?? []) },
    .text { ArrayLiteral.texts($0.facts?.consents.map(\.at.rfc3339) ?? []) },
    .text { ArrayLiteral.texts($0.facts?.consents.map(\.source) ?? []) }, .integer { $0.branch },
    .integer { $0.manager }, .text { $0.unknownBranch }, .text { $0.unknownManager },
    .boolean { $0.facts?.profile.confidential ?? false }, .text { ArrayLiteral.texts($0.facts?.flaws ?? []) },
    .text { $0.toldManager })

  /// A newer version that says the same: no index knows of it.
  private static let versions: Write<CustomerBook, CustomerChange> = .total(
    { book, _ in book.confirmed },
    """
    update customer c set version = a.version from unnest($1::bigint[], $2::bigint[], $3::bigint[]) a (id, before, version)
    where c.id = a.id and c.id = any($1) and c.version = a.before
    """,
    .integer { $0.id }, .integer { $0.storedVersion }, .integer { $0.version })

  private static let phones: Write<CustomerBook, CustomerChange> = .total(
    { book, _ in PhoneRow.changed(book) },
    """
    merge into customer_phone p
    using unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[]) a (customer_id, phone, place, kind, region)
    on p.phone = a.phone and p.customer_id = a.customer_id and p.customer_id = any($1)
    when matched and a.place is null then delete
    when matched then update set place = a.place, kind = a.kind, region = a.region
    when not matched and a.place is not null then insert (customer_id, phone, place, kind, region)
      values (a.customer_id, a.phone, a.place, a.kind, a.region)
    """,
    isDivisible: true,
    .integer { $0.customer }, .integer { $0.digits }, .small { $0.place }, .text { $0.kind }, .text { $0.region })

  /// Open leads whose keys name several customers: for a person to look at.
  private static let suggestions: Write<CustomerBook, CustomerChange> = .total(
    { book, _ in book.leads.disagreements.sorted { $0.key < $1.key } },
    """
    update lead l set suggested_customers = (
      select array_agg(distinct c order by c) from unnest(l.suggested_customers || a.customers::bigint[]) c)
    from unnest($1::bigint[], $2::text[]) a (id, customers)
    where l.id = a.id and l.id = any($1)
    """,
    .integer { $0.key }, .text { ArrayLiteral.integers($0.value.sorted()) })
}
