import Topics
import Values

/// A lead's row as a transaction has it: locked when it was read, changed by one decision after the other.
struct Lead {
  enum State: String {
    case owned, held, waiting, pooled, converted
    /// Whatever a later program knows: nothing is done about it.
    case other
  }

  let id: Int64
  let versionBefore: Int32
  let region: String?
  let product: String?
  let level: String?
  var version: Int32
  var state: State
  var branch: Int64?
  var owner: Int64?
  var heldReason: String?
  var heldSince: Timestamp?
  var heldRuleset: Int32?
  var protectedSince: Timestamp?
  var protectedUntil: Timestamp?
  var checkAt: Timestamp?
  var contactedAt: Timestamp?
  var formerOwner: Int64?
  var formerSince: Timestamp?
  var formerUntil: Timestamp?
  var pooledAt: Timestamp?
  var poolDueAt: Timestamp?
  var stepDueAt: Timestamp?
  var stepRemindAt: Timestamp?
  var isChanged = false

  /// Whether it can still go to somebody.
  var isOpen: Bool { state != .converted && state != .other }

  func seen(at: Timestamp) -> LeadVersion { LeadVersion(id: id, version: version, region: region, at: at) }

  /// The owner's last contact; one that somebody had who owned the lead before moves nobody's clock.
  var ownContact: Timestamp? {
    guard let contactedAt, let protectedSince, contactedAt < protectedSince else { return contactedAt }
    return nil
  }

  /// The person had it until it was taken back, and the contact was within that time.
  func wasProtected(for person: Int64, at happened: Timestamp) -> Bool {
    guard formerOwner == person, let since = formerSince, let until = formerUntil else { return false }
    return since <= happened && happened < until
  }

  mutating func forgetPlace() {
    owner = nil
    heldReason = nil
    heldSince = nil
    heldRuleset = nil
    protectedSince = nil
    protectedUntil = nil
    checkAt = nil
    pooledAt = nil
    poolDueAt = nil
    stepDueAt = nil
    stepRemindAt = nil
  }
}
