public import Digest
public import Postgres

/// By what a lead and a customer are known to be the same person.
public enum ConversionKey: String, Sendable, CaseIterable {
  case identity, number, phone
}

/// A customer as a lead that turns out to be theirs needs to know them. Only customers in status `active` or `dormant` are
/// known: whoever closed their accounts is a lead like others.
public struct KnownCustomer: Hashable, Sendable {
  public let id: Int64
  public let code: String
  public let branch: ConvertedPlace.Unit?
  public let manager: ConvertedPlace.Person?
  /// The fingerprint of the ID number, where it is known.
  public let identity: Fingerprint?

  public init(
    id: Int64, code: String, branch: ConvertedPlace.Unit?, manager: ConvertedPlace.Person?,
    identity: Fingerprint? = nil
  ) {
    self.identity = identity
    self.id = id
    self.code = code
    self.branch = branch
    self.manager = manager
  }
}

/// Customers by the keys that a batch of leads brings. Several may have one key: numbers and phones are not unique, and an
/// ID number stands twice where core systems do not agree.
///
/// Whoever converts leads by what is found here locks `conversion_gate` in row exclusive mode first (`gateLock`).
public struct KnownCustomers: Sendable {
  public private(set) var byIdentity: [Fingerprint: [KnownCustomer]] = [:]
  public private(set) var byNumber: [String: [KnownCustomer]] = [:]
  public private(set) var byPhone: [Int64: [KnownCustomer]] = [:]

  public init() {}

  /// From values, as a transaction would have found them.
  public init(
    byIdentity: [Fingerprint: [KnownCustomer]] = [:], byNumber: [String: [KnownCustomer]] = [:],
    byPhone: [Int64: [KnownCustomer]] = [:]
  ) {
    self.byIdentity = byIdentity
    self.byNumber = byNumber
    self.byPhone = byPhone
  }

  /// For those who bring leads with keys; waits for those who bring profiles, and they wait for this.
  public static var gateLock: Question<Void> { Question("lock table conversion_gate in row exclusive mode") }

  public static func find(
    identities: [Fingerprint], numbers: [String], phones: [Int64]
  ) -> Question<KnownCustomers> {
    guard !(identities.isEmpty && numbers.isEmpty && phones.isEmpty) else { return Question(known: KnownCustomers()) }
    return Question(
      """
      select c.id, c.code, b.id, b.code, p.id, p.code, p.branch_id, pb.code, k.identity, k.number, k.phone, c.identity
      from (
        select id, identity, null::text as number, null::bigint as phone from customer where identity = any($1)
        union all
        select id, null, number, null from customer where number = any($2)
        union all
        select customer_id, null, null, phone from customer_phone where phone = any($3)) k
      join customer c on c.id = k.id and c.status in ('active', 'dormant')
      left join branch b on b.id = c.branch_id
      left join (person p join branch pb on pb.id = p.branch_id) on p.id = c.manager_id and p.active
      order by c.id
      """
    ) {
      $0.fingerprints(identities) { $0 }
      $0.texts(numbers) { $0 }
      $0.integers(phones) { $0 }
    } reading: {
      KnownCustomers($0)
    }
  }

  private init(_ rows: Rows) {
    for row in rows {
      let customer = KnownCustomer(
        id: row.integer(0), code: row.text(1), branch: ConvertedPlace.unit(row, 2),
        manager: ConvertedPlace.person(row, 4), identity: row.optionalFingerprint(11))
      if let identity = row.optionalFingerprint(8) { byIdentity[identity, default: []].append(customer) }
      if let number = row.optionalText(9) { byNumber[number, default: []].append(customer) }
      if let phone = row.optionalInteger(10) { byPhone[phone, default: []].append(customer) }
    }
  }
}
