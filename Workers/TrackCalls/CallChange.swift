import Calls
import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// What one decision writes beside leads and figures, which the book holds: rows of a call's uses that have changed, and what
/// goes with them.
struct CallChange: Sendable {
  var rows: [CallRow] = []
  var gone: [GoneRow] = []
  /// Whose talk has changed, for `MarkOverlaps`.
  var talked: [UseKey] = []
  var agent: AgentState?
  var callBacks: [CallBackRow] = []
  var contacts: [ContactRow] = []
  var talks: [TaskTalk] = []
  var steps: [LeadStep] = []
  var late: [LateContact] = []

  init() {}
  init(agent: AgentState) { self.agent = agent }
}

/// A call's row. A class: it is looked at once for every column.
final class CallRow: Sendable {
  let id: String
  let use: Int32
  let version: Int32
  let facts: String
  let story: CallStory
  let lastAt: Timestamp
  let memory: CallBook.Memory

  init(_ call: CallBook.Call, _ use: CallBook.Use) {
    id = call.id
    self.use = use.told.number
    version = call.version(of: use.told.number)
    facts = use.told.facts.text
    story = use.story
    lastAt = use.told.facts.all.last?.at ?? story.lastAt
    memory = use.memory
  }

  static func milliseconds(_ microseconds: Int64) -> Int32 { Int32(clamping: microseconds / 1000) }
}

struct UseKey: Hashable, Sendable {
  let call: String
  let use: Int32
}

/// A use that was none after all: what came between belongs to both sides of it.
struct GoneRow: Sendable {
  let call: String
  let use: Int32
  let version: Int32
}

/// That somebody waits to be called back, or after all does not.
struct CallBackRow: Sendable {
  let call: String
  let use: Int32
  let phone: Int64
  let missedAt: Timestamp
  let queue: String?
  let agent: String?
  let who: CallBook.Who
  let isWanted: Bool
  let raiseAt: Timestamp

  /// Of its reminder, as `call_key` has it.
  static func key(_ call: String, _ use: Int32) -> String { use == 1 ? "call/\(call)" : "call#\(use)/\(call)" }
}

struct ContactRow: Sendable {
  let phone: Int64
  let at: Timestamp
}

/// That an agent has talked to somebody about whom there may be tasks.
struct TaskTalk: Hashable, Sendable {
  enum Subject: Hashable, Sendable {
    case customer(Int64)
    case lead(Int64)
  }

  let subject: Subject
  let agent: String
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
    var conversations: [Conversation] = []
    for (place, use) in call.uses.enumerated() where use.isUntold {
      let conversation = converse(use, (event.source, event.id))
      calls[id]?.uses[place].memory.contact = conversation?.outcome
      if let conversation { conversations.append(conversation) }
    }
    var change = change(of: id)
    change.steps = conversations.compactMap(\.step)
    change.late = conversations.compactMap(\.late)
    calls[id]?.isConcluded = true
    return .apply(change, emit: conversations.flatMap(\.emissions), outcome: "kept")
  }

  mutating func change(of id: String) -> CallChange {
    var change = CallChange()
    guard let call = calls[id] else { return change }
    let before = CallUse.uses(of: call.factsBefore)
    figures.add(CallStory.stories(of: call.factsBefore), times: -1)
    figures.add(CallStory.stories(of: call.facts))
    for (place, use) in call.uses.enumerated() {
      let told = place < before.count ? before[place] : nil
      let kept = call.rows.first { $0.use == use.told.number }
      guard use.told != told || use.told.facts != kept?.facts || use.memory != kept?.memory else { continue }
      change.rows.append(CallRow(call, use))
      if use.story.talkTimes != told?.story.talkTimes ?? [] || use.story.linked != told?.story.linked ?? "" {
        change.talked.append(UseKey(call: id, use: use.told.number))
      }
      if let row = callBack(call, use, told?.story) { change.callBacks.append(row) }
      if let contact = contact(use.story), contact != told.flatMap({ self.contact($0.story) }) {
        change.contacts.append(ContactRow(phone: contact.phone, at: contact.at))
      }
      if kept?.memory.who != use.memory.who || use.story.talkTimes != told?.story.talkTimes ?? [] {
        change.talks += talks(use)
      }
    }
    for row in call.rows where row.use > call.uses.count {
      change.gone.append(GoneRow(call: id, use: row.use, version: row.version))
      change.talked.append(UseKey(call: id, use: row.use))
    }
    return change
  }

  /// Where several customers have the phone, nobody knows which of them was talked to.
  private func talks(_ use: Use) -> [TaskTalk] {
    let who = use.memory.who
    let subjects: [TaskTalk.Subject] =
      (who.customers.count == 1 ? [.customer(who.customers[0])] : []) + (who.lead.map { [.lead($0)] } ?? [])
    return use.story.conversations(atLeast: terms.talk).flatMap { talk in
      subjects.map { TaskTalk(subject: $0, agent: talk.agent, at: talk.since) }
    }
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

  private func callBack(_ call: Call, _ use: Use, _ before: CallStory?) -> CallBackRow? {
    let missed = Missed(use.story)
    let missedBefore = before.flatMap { Missed($0) }
    guard missed != missedBefore, let told = missed ?? missedBefore else { return nil }
    return CallBackRow(
      call: call.id, use: use.told.number, phone: told.phone, missedAt: told.at,
      queue: told.queue.isEmpty ? nil : told.queue,
      agent: told.agent.isEmpty ? nil : told.agent, who: use.memory.who, isWanted: missed != nil,
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
