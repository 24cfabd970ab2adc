internal import Topics
internal import Values

/// What a line of Asterisk's `queue_log` says, as events. The same table stands in Topics/README.md.
///
/// Source: Asterisk's documentation, "Queue Logs": time, call, queue, agent, event, and up to five values.
package struct QueueLog {
  static let header = ["time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5"]

  let times: LocalTime
  /// Put before call ids, so that those of several systems differ.
  let system: String?

  package init(times: LocalTime, system: String?) {
    (self.times, self.system) = (times, system)
  }

  enum Reading {
    case events([CallEvents])
    /// Nothing that concerns calls or agents.
    case passedOver
  }

  func read(_ cells: [String]) throws(Refusal) -> Reading {
    guard cells.count >= 5 else {
      throw Refusal("too-few-fields", at: "event", "time, call, queue, agent and event were expected")
    }
    guard let at = times.read(cells[0]) else {
      throw Refusal("not-a-time", at: "time", "seconds since 1970 or a local time were expected")
    }
    let line = Line(
      at: at, call: (system.map { $0 + "-" } ?? "") + cells[1], queue: QueueLog.named(cells[2]),
      agent: QueueLog.named(cells[3]), data: Array(cells[5...]))
    switch cells[4] {
    case "ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN", "UNPAUSE", "UNPAUSEALL": return try line.agent(.ready)
    case "REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF": return try line.agent(.off)
    case "PAUSE", "PAUSEALL": return try line.agent(.pause, reason: line.text(0))
    default: return try line.call(cells[4])
    }
  }

  /// What Asterisk writes where there is none.
  private static func named(_ text: String) -> String? { text.isEmpty || text == "NONE" ? nil : text }
}

private struct Line {
  let at: Timestamp
  let call: String
  let queue: String?
  let agent: String?
  let data: [String]

  func text(_ place: Int) -> String? { place < data.count && !data[place].isEmpty ? data[place] : nil }

  /// A value of so many of its units a second, as microseconds.
  private func duration(_ place: Int, perSecond: Int64) throws(Refusal) -> Int64 {
    guard let text = text(place) else { return 0 }
    guard let value = Int64(text), (0...86_400_000).contains(value) else {
      throw Refusal("out-of-range", at: "data\(place + 1)", "a duration was expected that is not negative")
    }
    return value * (1_000_000 / perSecond)
  }

  private func event(
    _ what: CallEvents.What, before: Int64 = 0, _ fill: (inout CallEvents.Call) -> Void = { _ in }
  ) -> CallEvents {
    var event = CallEvents.Call(what, call, at: Timestamp(microseconds: at.microseconds - before))
    event.agent = agent
    fill(&event)
    return .call(event)
  }

  func agent(_ state: CallEvents.State, reason: String? = nil) throws(Refusal) -> QueueLog.Reading {
    guard let agent else { throw Refusal("missing", at: "agent", "the event is about an agent") }
    return .events([.agent(.init(agent, at: at, state, reason: reason))])
  }

  func call(_ name: String) throws(Refusal) -> QueueLog.Reading {
    switch name {
    case "ENTERQUEUE":
      return .events([
        event(.started) {
          $0.agent = nil
          $0.direction = .inbound
          $0.from = text(1)
          $0.queue = queue
        }
      ])
    case "CONNECT":
      let ring = try duration(2, perSecond: 1)
      return .events([event(.rang, before: ring) { $0.queue = queue }, event(.answered) { $0.queue = queue }])
    case "RINGNOANSWER":
      let ring = try duration(0, perSecond: 1000)
      return .events([
        event(.rang, before: ring) { $0.queue = queue },
        event(.missed) { event in
          event.queue = queue
          event.reason = "no-answer"
        },
      ])
    case "RINGCANCELED": return .events([event(.rang, before: try duration(0, perSecond: 1000)) { $0.queue = queue }])
    case "COMPLETEAGENT": return .events([event(.ended) { $0.by = .agent }])
    case "COMPLETECALLER": return .events([event(.ended) { $0.by = .caller }])
    case "ABANDON": return .events([event(.ended) { $0.by = .caller }])
    case "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY":
      return .events([
        event(.missed) { event in
          event.agent = nil
          event.queue = queue
          event.reason = name.lowercased()
        }
      ])
    case "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER":
      return .events([
        event(.transferred) { if name != "ATTENDEDTRANSFER" { $0.toNumber = text(0) } },
        // What becomes of it elsewhere is not in this file.
        event(.ended) { event in
          event.by = .system
          event.reason = "transferred"
        },
      ])
    default: return .passedOver
    }
  }
}
