import Contract
import Customers
import Postgres
import Reminders
import Runtime
import Settings
import Topics
import Values

/// Keeps each customer as the highest version of their profile has them, in whatever order profiles come, and converts the
/// open leads that turn out to be theirs.
@main
struct KeepCustomers: Worker {
  typealias Input = CustomerProfile
  static let name = "keep-customers"
  static var sweeps: [any Sweep.Type] { [ResolveCustomers.self, MoveCustomers.self, PlacePhones.self] }
  static var settings: SettingGroup? { SettingGroup("Customers:", .identityKey) }

  /// What an event says of a customer.
  enum Reading: Sendable {
    case facts(CustomerFacts)
    case removed(CustomerVersion)

    var told: CustomerVersion {
      switch self {
      case .facts(let facts): facts.told
      case .removed(let told): told
      }
    }
  }

  static func reader(_ settings: Settings) -> (CustomerProfile, Timestamp) -> Reading {
    reader(IdentityKey(settings))
  }

  static func reader(_ key: IdentityKey) -> (CustomerProfile, Timestamp) -> Reading {
    { event, happened in
      switch event {
      case .profile(let profile): .facts(CustomerFacts(profile, key, happened: happened))
      case .removed(let told): .removed(told)
      }
    }
  }

  static func load(
    _ profiles: [Delivery<Reading>], _ cache: inout CustomerCache, _ transaction: Transaction
  ) throws(PostgresError) -> CustomerBook {
    try cache.checkKey(transaction)
    return try CustomerBook(profiles, &cache, transaction)
  }

  static func decide(
    _ profile: Delivery<Reading>, _ book: inout CustomerBook, _ now: Timestamp
  ) -> Decision<CustomerChange> {
    let told = profile.event.told
    let standing = book.customers[told.id]
    if let standing, told.version < standing.version { return .ignore("older") }
    switch profile.event {
    case .removed:
      if let standing, told.version == standing.version {
        return standing.status == .removed ? .ignore("repeat") : .reject(reused)
      }
      book.remove(told)
      return .apply(CustomerChange(), outcome: "removed")
    case .facts(let facts):
      if let standing, facts.data == standing.data {
        guard told.version > standing.version else { return .ignore("repeat") }
        book.confirm(told)
        return .apply(CustomerChange(), outcome: "unchanged")
      }
      if told.version == standing?.version { return .reject(reused) }
      let conversions = book.write(facts, profile, now)
      return .apply(
        CustomerChange(), emit: conversions.map { Emission(event(of: $0)) },
        outcome: facts.flaws.isEmpty ? "kept" : "kept-with-flaws")
    }
  }

  private static let reused = Refusal(
    "version-reused", at: "version", "this customer has this version with other data: something new needs a higher one")

  static func event(of conversion: LeadConversion) -> LeadOwnership {
    let by: LeadOwnership.Converted.Key =
      switch conversion.by {
      case .identity: .identity
      case .number: .number
      case .phone: .phone
      }
    return .converted(
      .init(
        lead: LeadVersion(
          id: conversion.lead, version: conversion.version, region: conversion.region, at: conversion.at),
        customer: conversion.customer.code, branch: conversion.place.branch?.code, owner: conversion.place.owner?.code,
        by: by))
  }

  static let writes = CustomerChange.writes
}

/// What a lane keeps between batches.
struct CustomerCache: LaneCache {
  let key: IdentityKey
  private var isKeyChecked = false
  private var stock = NumberStock()
  /// Codes never come to mean another branch or person.
  private(set) var branches: [String: Int64] = [:]
  private(set) var people: [String: Int64] = [:]

  init(_ settings: Settings) { key = IdentityKey(settings) }

  init(key: IdentityKey) { self.key = key }

  mutating func checkKey(_ transaction: Transaction) throws(PostgresError) {
    guard !isKeyChecked else { return }
    try key.check(transaction)
    isKeyChecked = true
  }

  /// Some ten megabytes of codes are kept at most.
  mutating func forgetWhenFull() {
    if branches.count + people.count > 100_000 { (branches, people) = ([:], [:]) }
  }

  func missingNumbers(_ count: Int) -> Question<[Int64]> {
    stock.missing(for: count, "select nextval('customer_block') from generate_series(1, $1)")
  }

  mutating func take(branches: [String: Int64], people: [String: Int64], numbers: [Int64]) {
    self.branches.merge(branches) { $1 }
    self.people.merge(people) { $1 }
    stock.add(numbers)
  }

  mutating func numbers(_ count: Int) -> NumberStock { stock.take(count) }
}
