import Campaigns
import Postgres
import Runtime
import Values

/// Where a campaign at work stands: what its next step follows from.
struct CampaignStanding: Sendable {
  enum State: String, Sendable { case scheduled, running, paused, closed, cancelled }

  let id: Int64
  let name: String
  let owner: Int64
  let state: State
  var hasStarted: Bool
  var hasExpired: Bool
  var isExpanded: Bool
  /// Something is still to be learnt of somebody, or to be done.
  var isOpen: Bool
  /// Recipients to whom a message has gone, as far as anybody knows.
  var sent: Int64 = 0
  /// Of those whose message has failed.
  var failed: Int64 = 0
  var complaints: Int64 = 0
  /// For which shares it has been paused before: whoever resumed it knows them.
  var pausedFor: Set<PauseCause> = []
  /// People join it until it expires.
  var isJoined = false

  /// What a campaign pauses itself for; the word stands at the beginning of the step's note.
  enum PauseCause: String, Sendable, CaseIterable {
    case failures, complaints
    /// What it was made from is not there any more, or cannot be read any more: whoever resumes it has to mend that first.
    case definition
  }

  /// What is due now; nil where nothing is.
  func step(_ plan: CampaignDefinition?, unreadable refusal: Refusal?) -> CampaignStep? {
    switch state {
    case .scheduled where hasExpired, .running where hasExpired, .paused where hasExpired: return .close
    case .scheduled: return hasStarted ? .start : nil
    case .paused: return nil
    case .running:
      if let refusal { return .pause(.definition, "definition: \(refusal)") }
      if isExpanded, !isOpen || Sabotage.endEarly.isOn && sent > 0, !isJoined { return .finish }
      return plan?.pauseAt.flatMap { pause($0) }
    case .closed: return isOpen ? nil : .finish
    case .cancelled:
      if isOpen { return isExpanded ? nil : .stop }
      return .settle
    }
  }

  private func pause(_ bound: CampaignDefinition.PauseAt) -> CampaignStep? {
    guard sent >= Int64(bound.after), sent > 0 else { return nil }
    let causes = [
      (PauseCause.failures, failed, bound.failures), (PauseCause.complaints, complaints, bound.complaints),
    ]
    for (cause, part, share) in causes {
      guard let share, share.isPassed(by: part, of: sent), !pausedFor.contains(cause) else { continue }
      return .pause(cause, "\(cause.rawValue): \(part) of \(sent) that were sent, which is more than \(share)")
    }
    return nil
  }
}

/// A step of a campaign's life that nobody takes.
enum CampaignStep: Sendable, Equatable {
  case start
  /// It has expired.
  case close
  /// It was cancelled: nobody is added to it any more.
  case stop
  /// Nobody is left of whom anything is still to be learnt.
  case finish
  /// The same of a cancelled one.
  case settle
  case pause(CampaignStanding.PauseCause, String)

  /// As the campaign's record has it; nil of what is no step of its life.
  var word: String? {
    switch self {
    case .start: "started"
    case .close: "closed"
    case .stop: nil
    case .finish: "finished"
    case .settle: "settled"
    case .pause: "paused"
    }
  }

  /// What the campaign is from then on; nil where it stays what it is.
  var state: String? {
    switch self {
    case .start: "running"
    case .close: "closed"
    case .finish: "finished"
    case .pause: "paused"
    case .stop, .settle: nil
    }
  }

  /// Nobody is added after it.
  var endsExpansion: Bool { self == .close || self == .stop || self == .settle }

  var isSettled: Bool { self == .finish || self == .settle }

  var note: String? { if case .pause(_, let note) = self { note } else { nil } }

  var outcome: StaticString {
    switch self {
    case .start: "started"
    case .close: "closed"
    case .stop: "stopped"
    case .finish: "finished"
    case .settle: "settled"
    case .pause: "paused"
    }
  }
}
