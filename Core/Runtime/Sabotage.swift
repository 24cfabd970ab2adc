#if SABOTAGE
  internal import Glibc
#endif

/// Deliberate breakage, one promise each, so that the judge can be seen to fail. In a release build none of it exists:
/// `isOn` is a constant there.
package enum Sabotage: String, CaseIterable {
  /// Promise 1: a lane starts ten records too early and applies them again: neither positions nor identities are
  /// compared.
  case applyTwice = "apply-twice"
  /// Promise 2: what is emitted is left out of the transaction now and then.
  case loseEmission = "lose-emission"
  /// Promise 3: a refused event is passed without a dead letter.
  case skipRefused = "skip-refused"
  /// Promise 4: ownership of positions is not checked.
  case ghost = "ghost"
  /// Order: later batches come before earlier ones in the outbox.
  case reorder = "reorder"
  /// Fairness: every third lead of a branch goes to the first who can take one.
  case favour = "favour"
  /// Availability: calendars and leave are not asked.
  case callAnybody = "call-anybody"
  /// Cool-off: a lead that was taken back may go to whoever had it.
  case forgetCoolOff = "forget-cool-off"
  /// One owner: a claim takes a lead that somebody has.
  case claimTaken = "claim-taken"
  /// One clock: a lead that was given back keeps the clock of its former owner.
  case keepClock = "keep-clock"
  /// Counters: open leads are not counted down.
  case miscount = "miscount"
  /// Commands: nobody learns what became of them.
  case forgetOutcome = "forget-outcome"
  /// Reminders stay when their cause has gone.
  case keepReminders = "keep-reminders"
  /// Claims: what a person claims is not counted for their day.
  case forgetClaim = "forget-claim"
  /// Sweeps: a lead whose clock shall begin anew is refused, and put aside.
  case refuseItem = "refuse-item"
  /// Hand-over: a customer who is told to be moved stays with whoever had them.
  case leaveCustomer = "leave-customer"
  /// Campaigns' counts: whoever moves on is counted where they came from as well.
  case miscountCampaign = "miscount-campaign"
  /// Campaigns' recipients: every third hears nothing of their message.
  case loseOutcome = "lose-outcome"
  /// Campaigns' ends: one is finished as soon as somebody was sent to.
  case endEarly = "end-early"
  /// Campaigns' steps: what was due is not written down.
  case forgetStep = "forget-step"

  #if SABOTAGE
    /// Several are apart by commas.
    private static let chosen = Set(
      getenv("MILLRACE_SABOTAGE").map { String(cString: $0).split(separator: ",").map(String.init) } ?? [])
    package var isOn: Bool { Sabotage.chosen.contains(rawValue) }
  #else
    @inline(__always) package var isOn: Bool { false }
  #endif
}
