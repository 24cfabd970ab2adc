import Contract
import Customers
import LeadClock
import Postgres
package import Settings
import Values

/// What a lane keeps between batches.
package struct AllocationCache: LaneCache {
  private(set) var rules = RuleMemory(.none)
  let identityKey: IdentityKey?
  private var isKeyChecked = false
  /// Whether a phone converted leads when it was last read.
  private(set) var phoneConverts = false
  var clocks = LeadClock.Memory()
  private var leads = NumberStock()
  private var snapshots = NumberStock()

  package init(_ settings: Settings) { identityKey = IdentityKey(settings) }

  init(_ key: IdentityKey? = nil) { identityKey = key }

  var ruleset: Ruleset { rules.ruleset }

  /// Reads what holds for the whole firm now, and newer rules if there are any.
  mutating func refresh(_ transaction: Transaction) throws(PostgresError) -> FirmPolicy {
    let policy = try transaction.ask(FirmPolicy.now)
    try heed(policy, transaction)
    return policy
  }

  mutating func heed(_ policy: FirmPolicy, _ transaction: Transaction) throws(PostgresError) {
    if !isKeyChecked, let identityKey {
      try identityKey.check(transaction)
      isKeyChecked = true
    }
    phoneConverts = policy.phoneConverts
    if policy.ruleset != ruleset.version { rules = RuleMemory(try Ruleset.load(policy.ruleset, transaction)) }
    rules.advance(to: policy.moment)
  }

  /// What the rules say of each of these, as far as they are known.
  mutating func match(_ leads: [Delivery<Registration>]) -> (rules: [Ruleset.Rule?], edition: RuleMemory.Edition) {
    (leads.map { $0.event.phone == nil ? nil : rules.match($0.event.facts) }, rules.edition)
  }

  /// With the firm's own memory of rules, so that what was found out is kept.
  mutating func match(_ lead: LeadFacts) -> Ruleset.Rule? { rules.match(lead) }

  func missingLeadNumbers(_ count: Int) -> Question<[Int64]> {
    leads.missing(for: count, "select nextval('lead_block') from generate_series(1, $1)")
  }

  mutating func addLeadNumbers(_ blocks: [Int64]) { leads.add(blocks) }

  mutating func takeLeadNumbers(_ count: Int) -> NumberStock { leads.take(count) }

  mutating func snapshotNumbers(_ count: Int, _ transaction: Transaction) throws(PostgresError) -> NumberStock {
    snapshots.add(
      try transaction.ask(
        snapshots.missing(for: count, "select nextval('snapshot_block') from generate_series(1, $1)")))
    return snapshots.take(count)
  }
}

/// What holds for the whole firm, and the moment at which a batch read it.
struct FirmPolicy {
  var ruleset: Int32 = 0
  var moment: Timestamp
  /// A phone converts a lead; else it only suggests.
  var phoneConverts = false
  var convertedOwner = ConvertedOwner.manager
  /// The newest step policy; leads that are held for want of one are tried again when there is a newer one.
  var stepPolicy: Int64 = 0
  /// Products for which a policy of protection says something: all others have one clock in a branch.
  var clockedProducts: Set<String> = []
  /// Likewise, levels.
  var clockedLevels: Set<String> = []

  static let usual = FirmPolicy(moment: Timestamp(microseconds: 0))

  static var now: Question<FirmPolicy> {
    Question(
      """
      select coalesce((select max(version) from ruleset), 0), clock_timestamp(), phone_converts, converted_owner,
        coalesce((select max(id) from step_policy), 0),
        array(select distinct product from protection_policy where product is not null),
        array(select distinct level from protection_policy where level is not null)
      from firm_policy
      """
    ) { rows throws(PostgresError) in
      let row = rows[0]
      guard let owner = ConvertedOwner(rawValue: row.text(3)) else {
        throw .unfit("firm_policy.converted_owner is \(row.text(3)), which this program does not know")
      }
      return FirmPolicy(
        ruleset: Int32(row.small(0)), moment: row.timestamp(1), phoneConverts: row.boolean(2), convertedOwner: owner,
        stepPolicy: row.integer(4), clockedProducts: Set(row.texts(5)), clockedLevels: Set(row.texts(6)))
    }
  }

  /// What decides over a lead's clock.
  func clock(of branch: Int64, _ lead: LeadFacts) -> LeadClock.Place {
    LeadClock.Place(
      branch: branch, product: lead.product.flatMap { clockedProducts.contains($0) ? $0 : nil },
      level: lead.level.flatMap { clockedLevels.contains($0) ? $0 : nil })
  }
}
