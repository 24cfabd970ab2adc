import Contract
import Organisation
import Topics
import Values

extension OrganisationChanged {
  var subject: Fact.Subject {
    switch self {
    case .joined, .moved, .onLeave, .back, .left: .person(key)
    case .opened, .merged, .closed: .branch(key)
    }
  }
}

extension Delivery<OrganisationChanged> {
  /// What the event says, as files say it too.
  var facts: [Fact] {
    switch event {
    case .joined(let joined):
      [fact(.name, joined.name), fact(.branch, joined.branch), fact(.active, "yes")] + manager(joined.manager)
    case .moved(let moved):
      [fact(.branch, moved.branch, moved.leads == .stay ? "stay" : nil)] + manager(moved.manager)
    case .onLeave(let leave): [fact(.leave, (leave.from ?? happened).rfc3339, leave.until?.rfc3339)]
    case .back: [fact(.leave, nil)]
    // Who comes again does not manage again, unless that is said.
    case .left(_, let successor): [fact(.active, "no", successor), fact(.manager, "no")]
    case .opened(let opened):
      [
        fact(.name, opened.name), fact(.level, opened.level.rawValue), fact(.parent, opened.parent),
        fact(.merged, nil),
      ] + (opened.timeZone.map { [fact(.timeZone, $0)] } ?? [])
    case .merged(_, let into): [fact(.merged, into)]
    case .closed: [fact(.merged, nil, "closed")]
    }
  }

  private func manager(_ isManager: Bool?) -> [Fact] {
    isManager.map { [fact(.manager, $0 ? "yes" : "no")] } ?? []
  }

  private func fact(_ field: Fact.Field, _ value: String?, _ more: String? = nil) -> Fact {
    Fact(event.subject, field, value, more: more, at: happened, source: source, event: id)
  }
}
