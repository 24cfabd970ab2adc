import Calls
import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// What one decision writes beside leads and figures, which the book holds.
struct CallChange: Sendable {
  var row: CallRow?
  var agent: AgentState?
  var callBack: CallBackRow?
  var contact: ContactRow?
  var step: LeadStep?
  var late: LateContact?

  init() {}
  init(agent: AgentState) { self.agent = agent }
}

/// A call's row. A class: it is looked at once for every column.
final class CallRow: Sendable {
  let id: String
  let version: Int32
  let facts: String
  let story: CallStory
  let lastAt: Timestamp
  let who: CallBook.Who
  let contact: String?

  init(_ call: CallBook.Call, _ story: CallStory, contact: String?) {
    id = call.id
    version = call.version
    facts = call.facts.text
    self.story = story
    lastAt = call.facts.all.last?.at ?? story.lastAt
    who = call.who
    self.contact = contact
  }

  static func milliseconds(_ microseconds: Int64) -> Int32 { Int32(clamping: microseconds / 1000) }
}

/// That somebody waits to be called back, or after all does not.
struct CallBackRow: Sendable {
  let call: String
  let phone: Int64
  let missedAt: Timestamp
  let queue: String?
  let agent: String?
  let who: CallBook.Who
  let isWanted: Bool
  let raiseAt: Timestamp
}

struct ContactRow: Sendable {
  let phone: Int64
  let at: Timestamp
}

struct FigureRow {
  let key: CallFigures.Key
  let sums: CallFigures.Sums

  static func changed(_ figures: CallFigures) -> [FigureRow] {
    figures.sums.filter { !$0.value.isNothing }.map { FigureRow(key: $0.key, sums: $0.value) }
      .sorted { $0.key < $1.key }
  }

  /// Dense, from the first second on.
  static func literal(_ counts: [Int: Int64]) -> String {
    guard let last = counts.keys.max() else { return "{}" }
    return ArrayLiteral.integers((1...last).map { counts[$0] ?? 0 })
  }
}

extension CallBook {
  /// What the call comes to now. Once for a batch: its other events are in it already.
  mutating func conclude(_ id: String, _ event: Delivery<CallEvents>) -> Decision<CallChange> {
    guard let call = calls[id], !call.isConcluded else { return .apply(CallChange(), outcome: "kept") }
    let conversation = converse(call, (event.source, event.id))
    let change = change(of: call, conversation)
    calls[id]?.isConcluded = true
    return .apply(change, emit: conversation?.emissions ?? [], outcome: "kept")
  }

  mutating func change(of call: Call, _ conversation: Conversation?) -> CallChange {
    var change = CallChange()
    guard let story = call.story else { return change }
    let before = CallStory.stories(of: call.factsBefore)
    figures.add(before, times: -1)
    figures.add(call.stories)
    change.row = CallRow(call, story, contact: conversation?.outcome ?? call.contact)
    change.step = conversation?.step
    change.late = conversation?.late
    let shownBefore = CallStory.shown(of: before)
    change.callBack = callBack(call, story, shownBefore)
    if let contact = contact(story), contact != shownBefore.flatMap({ self.contact($0) }) {
      change.contact = ContactRow(phone: contact.phone, at: contact.at)
    }
    return change
  }

  private struct Contacted: Equatable {
    let phone: Int64
    let at: Timestamp
  }

  private func contact(_ story: CallStory) -> Contacted? {
    guard let phone = story.phone, let at = story.conversations(atLeast: terms.talk).map(\.since).max() else {
      return nil
    }
    return Contacted(phone: phone, at: at)
  }

  private func callBack(_ call: Call, _ story: CallStory, _ before: CallStory?) -> CallBackRow? {
    let missed = Missed(story)
    let missedBefore = before.flatMap { Missed($0) }
    guard missed != missedBefore, let told = missed ?? missedBefore else { return nil }
    return CallBackRow(
      call: call.id, phone: told.phone, missedAt: told.at, queue: told.queue.isEmpty ? nil : told.queue,
      agent: told.agent.isEmpty ? nil : told.agent, who: call.who, isWanted: missed != nil,
      raiseAt: at.adding(seconds: terms.callBackAfter.components.seconds))
  }

  /// Whom nobody talked to, and where they waited.
  private struct Missed: Equatable {
    let phone: Int64
    let at: Timestamp
    let queue: String
    let agent: String

    init?(_ story: CallStory) {
      guard let phone = story.phone, let at = story.missedAt else { return nil }
      self.phone = phone
      self.at = at
      queue = story.stays.last?.queue ?? story.queue
      agent = story.rings.last?.agent ?? story.to
    }
  }
}
