/// What `doctor` found out by one check.
struct Finding {
  enum Verdict: String {
    case ok
    case wrong
    /// Right as far as it goes, but worth knowing.
    case note
  }

  let check: String
  let verdict: Verdict
  let fact: String
  /// What to do about it; nil where nothing is to be done.
  let remedy: String?

  static func ok(_ check: String, _ fact: String) -> Finding {
    Finding(check: check, verdict: .ok, fact: fact, remedy: nil)
  }

  static func wrong(_ check: String, _ fact: String, do remedy: String) -> Finding {
    Finding(check: check, verdict: .wrong, fact: fact, remedy: remedy)
  }

  static func note(_ check: String, _ fact: String, do remedy: String? = nil) -> Finding {
    Finding(check: check, verdict: .note, fact: fact, remedy: remedy)
  }
}
