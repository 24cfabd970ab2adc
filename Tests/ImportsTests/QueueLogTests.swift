import Testing
import Values

@testable import Imports

@Suite struct QueueLogTests {
  /// What a line becomes, as `type agent queue seconds-after word`.
  private func read(_ line: String) throws -> [String] {
    let log = QueueLog(times: try LocalTime(zone: nil), system: nil)
    guard
      case .events(let events) = try log.read(
        line.split(separator: "|", omittingEmptySubsequences: false).map(String.init))
    else { return [] }
    return events.map { event in
      switch event {
      case .agent(let agent): "\(agent.agent) \(agent.state.rawValue) \(agent.reason ?? "-")"
      case .call(let call):
        [
          call.what.rawValue, call.agent ?? "-", call.queue ?? "-",
          String(Double(call.at.microseconds) / 1e6 - 1_366_720_340),
          call.from ?? call.toNumber ?? call.by?.rawValue ?? "-",
          call.reason ?? "-",
        ].joined(separator: " ")
      }
    }
  }

  @Test(
    "a line of queue_log becomes what the table says",
    arguments: [
      ("1366720340|1.2|q|NONE|ENTERQUEUE||306945123|1", ["started - q 0.0 306945123 -"]),
      ("1366720340|1.2|q|SIP/1|CONNECT|10|1.3|4", ["rang SIP/1 q -4.0 - -", "answered SIP/1 q 0.0 - -"]),
      ("1366720340|1.2|q|SIP/1|RINGNOANSWER|1500", ["rang SIP/1 q -1.5 - -", "missed SIP/1 q 0.0 - no-answer"]),
      ("1366720340|1.2|q|SIP/1|RINGCANCELED|500", ["rang SIP/1 q -0.5 - -"]),
      ("1366720340|1.2|q|SIP/1|COMPLETEAGENT|10|60|1", ["ended SIP/1 - 0.0 agent -"]),
      ("1366720340|1.2|q|SIP/1|COMPLETECALLER|10|60|1", ["ended SIP/1 - 0.0 caller -"]),
      ("1366720340|1.2|q|NONE|ABANDON|1|1|30", ["ended - - 0.0 caller -"]),
      ("1366720340|1.2|q|NONE|EXITWITHTIMEOUT|1|1|30", ["missed - q 0.0 - exitwithtimeout"]),
      (
        "1366720340|1.2|q|SIP/1|BLINDTRANSFER|8002|ctx|5|60|1",
        ["transferred SIP/1 - 0.0 8002 -", "ended SIP/1 - 0.0 system transferred"]
      ),
      ("1366720340|NONE|q|SIP/1|PAUSE|lunch", ["SIP/1 break lunch"]),
      ("1366720340|NONE|q|SIP/1|ADDMEMBER|", ["SIP/1 ready -"]),
      ("1366720340|NONE|q|SIP/1|REMOVEMEMBER|", ["SIP/1 off -"]), ("1366720340|NONE|NONE|NONE|CONFIGRELOAD|", []),
      ("2013-04-23 12:32:20.25|1.2|q|NONE|ABANDON", ["ended - - 0.25 caller -"]),
    ])
  func queueLog(line: String, events: [String]) throws {
    #expect(try read(line) == events)
  }

  @Test(
    "a line of queue_log that cannot be right is refused with its field",
    arguments: [
      ("1366720340|1.2|q", "event: too-few-fields"), ("soon|1.2|q|NONE|ABANDON", "time: not-a-time"),
      ("2013-02-30 00:00:00|1.2|q|NONE|ABANDON", "time: not-a-time"),
      ("1366720340|1.2|q|NONE|PAUSE|x", "agent: missing"),
      ("1366720340|1.2|q|SIP/1|RINGNOANSWER|-5", "data1: out-of-range"),
      ("1366720340|1.2|q|SIP/1|CONNECT|1|1|x", "data3: out-of-range"),
    ])
  func brokenQueueLog(line: String, expected: String) throws {
    do {
      _ = try read(line)
      Issue.record("it was read")
    } catch let refusal as Refusal {
      #expect("\(refusal.path): \(refusal.reason)" == expected)
    }
  }
}
