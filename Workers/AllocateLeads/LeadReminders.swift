import Contract
import Reminders
import Values

/// What the sweeps tell people, beside what they write. Kinds: `step-due`, a branch should pass a lead on before its deadline;
/// `step-escalated`, a branch below did not; `leads-held`, leads of a branch wait for too long.
extension LeadChange {
  static let reminding: [Write<Allocation, LeadChange>] = [
    .cancelling(by: AllocateLeads.name) { state, changes in
      let passed = changes.compactMap(\.moved).filter(\.wasWaiting).flatMap { lead -> [Reminder.Gone] in
        ["step-due", "step-escalated"].map { .about(.lead(lead.id), kind: $0, because: "passed-on") }
      }
      let emptied = state.branches.values.filter { $0.heldBefore > 0 && $0.held == 0 }.sorted { $0.id < $1.id }
      return passed + emptied.map { .about(.branch($0.code), kind: "leads-held", because: "given-away") }
    },
    .raising(by: AllocateLeads.name) { _, changes in changes.compactMap(\.reminder) },
  ]

  private var reminder: Reminder? {
    switch self {
    case .reminded(let lead):
      Reminder(
        "step-due", key: "lead/\(lead.lead)/step/\(lead.version)", about: .lead(lead.lead),
        to: .manager(ofBranch: lead.branch), due: lead.due, detail: "The lead is to be passed on until then.")
    case .moved(let lead):
      lead.step.flatMap { step in
        guard lead.wasWaiting else { return nil }
        return Reminder(
          "step-escalated", key: "lead/\(lead.id)/escalated/\(lead.judgement.version)", about: .lead(lead.id),
          to: .manager(ofBranch: step.branch), due: step.due,
          detail: "A branch below did not pass the lead on in time; it is to be passed on from here until then.")
      }
    case .told(let queue):
      Reminder(
        "leads-held", key: "held/\(queue.branchCode)/\(queue.day)", about: .branch(queue.branchCode),
        to: .manager(ofBranch: queue.branch), due: queue.at, urgency: .urgent,
        detail: "Leads wait for too long, the longest since \(queue.oldest.rfc3339).")
    case .opened, .duplicate, .rejudged: nil
    }
  }
}
