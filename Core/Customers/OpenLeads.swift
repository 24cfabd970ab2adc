public import Digest
internal import Postgres
public import Values

/// A lead that nobody has converted or closed yet, locked.
public struct OpenLead: Equatable, Sendable {
  public let id: Int64
  public let version: Int32
  public let region: String?
  public let identity: Fingerprint?
  public let number: String?
  public let phone: Int64?
  public let state: String
  public let branch: Int64?
  public let owner: Int64?

  public init(
    id: Int64, version: Int32, region: String? = nil, identity: Fingerprint? = nil, number: String? = nil,
    phone: Int64? = nil, state: String, branch: Int64? = nil, owner: Int64? = nil
  ) {
    self.id = id
    self.version = version
    self.region = region
    self.identity = identity
    self.number = number
    self.phone = phone
    self.state = state
    self.branch = branch
    self.owner = owner
  }
}

/// The keys by which a customer is known.
public struct CustomerKeys: Equatable, Sendable {
  public var identity: Fingerprint?
  public var number: String?
  public var phones: [Int64]

  public init(identity: Fingerprint? = nil, number: String? = nil, phones: [Int64] = []) {
    self.identity = identity
    self.number = number
    self.phones = phones
  }

  public static let none = CustomerKeys()

  /// Those of these keys that `before` did not have.
  public func new(since before: CustomerKeys) -> CustomerKeys {
    CustomerKeys(
      identity: identity == before.identity ? nil : identity, number: number == before.number ? nil : number,
      phones: phones.filter { !before.phones.contains($0) })
  }

  public var isEmpty: Bool { identity == nil && number == nil && phones.isEmpty }
}

/// The open leads that have a key of customers whose profiles are at hand, and what becomes of them. Found under the
/// conversion gate, with leads, and the branches that count them, locked: nobody gives or takes them meanwhile.
public struct OpenLeads: Sendable {
  /// Whoever else is a customer by a key of one of these leads.
  public struct Rival: Sendable {
    let id: Int64
    let identity: Fingerprint?
    let number: String?

    public init(id: Int64, identity: Fingerprint?, number: String?) {
      self.id = id
      self.identity = identity
      self.number = number
    }
  }

  private var leads: [Int64: OpenLead] = [:]
  private var byIdentity: [Fingerprint: [Int64]] = [:]
  private var byNumber: [String: [Int64]] = [:]
  private var byPhone: [Int64: [Int64]] = [:]
  private var rivals: [Int64: Rival] = [:]
  let units: [Int64: ConvertedPlace.Unit]
  let people: [Int64: ConvertedPlace.Person]
  private let owner: ConvertedOwner
  private let phoneConverts: Bool
  public private(set) var conversions: [LeadConversion] = []
  /// Leads whose keys name several customers, with these.
  public private(set) var disagreements: [Int64: Set<Int64>] = [:]

  public static let none = OpenLeads(leads: [])

  /// From values, as a transaction would have found them.
  public init(
    leads: [OpenLead], rivals: [Rival] = [], units: [Int64: ConvertedPlace.Unit] = [:],
    people: [Int64: ConvertedPlace.Person] = [:], owner: ConvertedOwner = .manager, phoneConverts: Bool = false
  ) {
    for lead in leads {
      self.leads[lead.id] = lead
      if let identity = lead.identity { byIdentity[identity, default: []].append(lead.id) }
      if let number = lead.number { byNumber[number, default: []].append(lead.id) }
      if let phone = lead.phone, phoneConverts { byPhone[phone, default: []].append(lead.id) }
    }
    for rival in rivals { self.rivals[rival.id] = rival }
    self.units = units
    self.people = people
    self.owner = owner
    self.phoneConverts = phoneConverts
  }

  public var isEmpty: Bool { leads.isEmpty }

  /// A person who can have a lead now; nil for those who left.
  public func person(_ id: Int64?) -> ConvertedPlace.Person? { id.flatMap { people[$0] } }
  public func unit(_ id: Int64?) -> ConvertedPlace.Unit? { id.flatMap { units[$0] } }

  /// Converts the leads that a customer's new keys find: by ID number first, then by customer number, then by phone where
  /// the firm has it so. Where another key of the lead names somebody else, it is left to a person.
  public mutating func convert(
    to customer: @autoclosure () -> KnownCustomer, id: Int64, keys: CustomerKeys, new: CustomerKeys, _ now: Timestamp,
    source: String? = nil, event: String? = nil
  ) -> [LeadConversion] {
    guard !leads.isEmpty else { return [] }
    rivals[id] = Rival(id: id, identity: keys.identity, number: keys.number)
    var made: [LeadConversion] = []
    for (lead, by) in matches(new) {
      let others = others(than: id, keys, lead)
      guard others.isEmpty else {
        disagreements[lead.id, default: []].formUnion(others.union([id]))
        continue
      }
      let customer = customer()
      let before = ConvertedPlace(branch: unit(lead.branch), owner: person(lead.owner))
      let conversion = LeadConversion(
        lead: lead.id, version: lead.version + 1, at: now, customer: customer, by: by,
        place: owner.place(of: customer, before: before), region: lead.region, before: lead, source: source,
        event: event)
      leads[lead.id] = nil
      disagreements[lead.id] = nil
      made.append(conversion)
    }
    conversions += made
    return made
  }

  /// Each open lead once, by the strongest key.
  private func matches(_ keys: CustomerKeys) -> [(OpenLead, ConversionKey)] {
    var found: [Int64: ConversionKey] = [:]
    for id in keys.phones.flatMap({ byPhone[$0] ?? [] }) { found[id] = .phone }
    for id in keys.number.flatMap({ byNumber[$0] }) ?? [] { found[id] = .number }
    for id in keys.identity.flatMap({ byIdentity[$0] }) ?? [] { found[id] = .identity }
    return found.sorted { $0.key < $1.key }.compactMap { id, key in leads[id].map { ($0, key) } }
  }

  /// Customers whom the lead's keys name, other than this one; this one itself where a key of it contradicts.
  private func others(than id: Int64, _ keys: CustomerKeys, _ lead: OpenLead) -> Set<Int64> {
    var others: Set<Int64> = []
    if let identity = lead.identity, identity != keys.identity {
      others.formUnion(rivals.values.filter { $0.id != id && $0.identity == identity }.map(\.id))
      if keys.identity != nil { others.insert(id) }
    }
    if let number = lead.number, number != keys.number {
      others.formUnion(rivals.values.filter { $0.id != id && $0.number == number }.map(\.id))
    }
    return others
  }
}
