import Contract
import Customers
import Postgres

/// What is known beforehand of those who registered: asked together, and with the opening of the batch's transaction.
struct Findings {
  let policy: FirmPolicy
  /// Leads by the digits of their phone.
  let known: [Int64: Int64]
  let customers: KnownCustomers
  let sources: Sources

  static func load(
    _ registrations: [Registration], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Findings {
    let taken = registrations.filter { !$0.isRefused }
    while true {
      // Leads and customers are read behind the gate. Whether it is needed may hang on what the firm has just changed.
      let isGated = taken.contains { $0.mayConvert(phoneConverts: cache.phoneConverts) }
      let (_, policy, known, customers, sources, importers, numbers) = try transaction.ask(
        isGated ? KnownCustomers.gateLock : Question(known: ()), FirmPolicy.now,
        Statements.leads(of: taken.compactMap(\.phone)),
        KnownCustomers.find(
          identities: taken.compactMap(\.identity), numbers: taken.compactMap(\.said.customerNumber),
          phones: taken.compactMap { $0.phone?.digits }),
        Sources.policies(of: Set(taken.map(\.facts.source))),
        Sources.importers(Set(taken.compactMap(\.said.importer))),
        cache.missingLeadNumbers(registrations.count))
      cache.addLeadNumbers(numbers)
      try cache.heed(policy, transaction)
      if isGated || !taken.contains(where: { $0.mayConvert(phoneConverts: policy.phoneConverts) }) {
        return Findings(
          policy: policy, known: known, customers: customers,
          sources: Sources(sources: sources, importers: importers))
      }
    }
  }
}

extension Registration {
  /// Whether somebody's profile that comes in the same moment could convert it.
  fileprivate func mayConvert(phoneConverts: Bool) -> Bool {
    identity != nil || said.customerNumber != nil || (phoneConverts && phone != nil)
  }
}
