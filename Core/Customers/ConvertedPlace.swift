internal import Postgres

/// Who has a converted lead (`firm_policy.converted_owner`).
public enum ConvertedOwner: String, Sendable, CaseIterable {
  /// The customer's manager; whoever had the lead where the customer has none who is active.
  case manager
  /// Whoever had the lead; the customer's manager where nobody had it.
  case owner

  /// - Parameter before: who had the lead; nil for one that is new.
  public func place(of customer: KnownCustomer, before: ConvertedPlace? = nil) -> ConvertedPlace {
    let had = before?.owner
    let person = self == .manager ? customer.manager ?? had : had ?? customer.manager
    return ConvertedPlace(branch: person?.branch ?? customer.branch ?? before?.branch, owner: person)
  }
}

/// Where a lead is: a branch and a person, with the codes by which events name them.
public struct ConvertedPlace: Hashable, Sendable {
  public struct Unit: Hashable, Sendable {
    public let id: Int64
    public let code: String

    public init(id: Int64, code: String) {
      self.id = id
      self.code = code
    }
  }

  public struct Person: Hashable, Sendable {
    public let id: Int64
    public let code: String
    public let branch: Unit

    public init(id: Int64, code: String, branch: Unit) {
      self.id = id
      self.code = code
      self.branch = branch
    }
  }

  public let branch: Unit?
  public let owner: Person?

  public init(branch: Unit?, owner: Person?) {
    self.branch = branch
    self.owner = owner
  }

  /// Columns: id, code.
  static func unit(_ row: Row, _ column: Int32) -> Unit? {
    row.optionalInteger(column).map { Unit(id: $0, code: row.text(column + 1)) }
  }

  /// Columns: id, code, branch's id, branch's code.
  static func person(_ row: Row, _ column: Int32) -> Person? {
    row.optionalInteger(column).map {
      Person(id: $0, code: row.text(column + 1), branch: Unit(id: row.integer(column + 2), code: row.text(column + 3)))
    }
  }
}
