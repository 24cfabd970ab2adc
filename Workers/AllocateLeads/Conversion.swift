import Customers
import Digest

/// Whether a new lead is a customer already: by ID number, then by customer number. A phone only suggests, because numbers
/// are given to others, unless the firm wants it otherwise. Keys that disagree are left to a person.
enum Conversion {
  case none
  case customer(KnownCustomer, by: ConversionKey)
  /// Whose phone it is.
  case suggested([Int64])
  /// Whom the keys name.
  case disagreement([Int64])

  static func find(
    identity: Fingerprint?, number: String?, phone: Int64?, among known: KnownCustomers, phoneConverts: Bool
  ) -> Conversion {
    let byIdentity = identity.flatMap { known.byIdentity[$0] } ?? []
    let byNumber = number.flatMap { known.byNumber[$0] } ?? []
    let named = Set((byIdentity + byNumber).map(\.id)).sorted()
    if !byIdentity.isEmpty {
      // Several may have the ID number: the customer number tells which.
      let candidates =
        byNumber.isEmpty ? byIdentity : byIdentity.filter { one in byNumber.contains { $0.id == one.id } }
      guard candidates.count == 1 else { return .disagreement(named) }
      return .customer(candidates[0], by: .identity)
    }
    if !byNumber.isEmpty {
      guard byNumber.count == 1, !contradicts(identity, byNumber[0]) else { return .disagreement(named) }
      return .customer(byNumber[0], by: .number)
    }
    let byPhone = phone.flatMap { known.byPhone[$0] } ?? []
    if byPhone.isEmpty { return .none }
    guard phoneConverts, byPhone.count == 1, !contradicts(identity, byPhone[0]), number == nil else {
      return .suggested(Set(byPhone.map(\.id)).sorted())
    }
    return .customer(byPhone[0], by: .phone)
  }

  /// The lead has an ID number, and the customer another.
  private static func contradicts(_ identity: Fingerprint?, _ customer: KnownCustomer) -> Bool {
    guard let identity, let theirs = customer.identity else { return false }
    return identity != theirs
  }
}
