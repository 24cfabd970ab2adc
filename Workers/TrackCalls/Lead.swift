import Values

/// A lead's row as a transaction has it: locked when it was read.
struct Lead {
  let id: Int64
  let versionBefore: Int32
  let isOwned: Bool
  let isConverted: Bool
  let branch: Int64?
  let owner: Int64?
  let region: String?
  let product: String?
  let level: String?
  let protectedSince: Timestamp?
  let formerOwner: Int64?
  let formerSince: Timestamp?
  let formerUntil: Timestamp?
  var version: Int32
  var protectedUntil: Timestamp?
  var checkAt: Timestamp?
  var contactedAt: Timestamp?
  var isChanged = false

  /// The person had it until it was taken back, and the contact was within that time.
  func wasProtected(for person: Int64, at happened: Timestamp) -> Bool {
    guard formerOwner == person, let since = formerSince, let until = formerUntil else { return false }
    return since <= happened && happened < until
  }
}
