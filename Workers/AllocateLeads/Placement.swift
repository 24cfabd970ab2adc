import Customers
import Values

/// What becomes of a lead.
enum Placement {
  case owner(
    branch: Int64, branchCode: String, Rotation.Person, snapshot: Int64, choice: Int32, basis: Route.Basis? = nil,
    note: String? = nil)
  case held(
    branch: Int64?, String, branchCode: String? = nil, snapshot: Int64? = nil, choice: Int32? = nil,
    basis: Route.Basis? = nil, note: String? = nil)
  /// The branch is to pass it on.
  case waiting(Step, basis: Route.Basis? = nil)
  case converted(KnownCustomer, ConvertedPlace, ConversionKey)

  /// As `lead.state` has it.
  var state: String {
    switch self {
    case .owner: "owned"
    case .held: "held"
    case .waiting: "waiting"
    case .converted: "converted"
    }
  }
}
