/// What a number is for, as libphonenumber's `number_type` says. Raw values are the data's.
public enum PhoneKind: UInt8, Hashable, Sendable, CaseIterable {
  /// In no range that is known to be in use.
  case unknown
  case fixedLine, mobile
  /// Where the two cannot be told apart, as in the United States.
  case fixedLineOrMobile
  case tollFree, premiumRate, sharedCost, voip, personalNumber, pager
  /// One number for a whole company.
  case uan
  case voicemail

  public var name: String {
    switch self {
    case .unknown: "unknown"
    case .fixedLine: "fixed-line"
    case .mobile: "mobile"
    case .fixedLineOrMobile: "fixed-line-or-mobile"
    case .tollFree: "toll-free"
    case .premiumRate: "premium-rate"
    case .sharedCost: "shared-cost"
    case .voip: "voip"
    case .personalNumber: "personal-number"
    case .pager: "pager"
    case .uan: "uan"
    case .voicemail: "voicemail"
    }
  }

  func isGeographical(in plan: NumberingPlan) -> Bool {
    switch self {
    case .fixedLine, .fixedLineOrMobile: true
    case .mobile: plan.mobilesAreGeographical
    default: false
    }
  }
}
