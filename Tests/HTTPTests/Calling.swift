import Testing
import Values

@testable import HTTP

extension Duration {
  /// So late that it is never too late.
  static let never = Duration.seconds(Int64.max / 2)
}

/// Tries with more and more time, for what cannot happen before something else has, on a machine that may be busy.
func patiently(_ attempt: (Duration) throws -> Bool) throws {
  var time = Duration.milliseconds(50)
  while try !attempt(time) {
    try #require(time < .seconds(60), "it did not come so far in time")
    time *= 4
  }
}

extension Transfers {
  /// Runs until nothing is in flight any more.
  func all() throws -> [(number: Int64, end: CallEnd)] {
    let deadline = BootClock.now + .seconds(60)
    var ends: [(number: Int64, end: CallEnd)] = []
    repeat {
      perform()
      ends += takeEnded()
      try #require(BootClock.now < deadline, "calls did not end in time")
      if inFlight > 0 { wait(atMost: .seconds(60)) }
    } while inFlight > 0
    return ends + takeEnded()
  }

  /// One call, to its end.
  func call(
    _ request: HTTPRequest, within limits: HTTPLimits = HTTPLimits(total: .seconds(60)), notAfter: Duration = .never
  ) throws -> CallEnd {
    begin(request, as: 1, within: limits, notAfter: notAfter)
    let ends = try all()
    try #require(ends.count == 1)
    return ends[0].end
  }

  func call(_ url: String, within limits: HTTPLimits = HTTPLimits(total: .seconds(60))) throws -> CallEnd {
    try call(HTTPRequest(url: url), within: limits)
  }

  /// Runs until something holds.
  func run(until holds: () -> Bool) throws {
    let deadline = BootClock.now + .seconds(60)
    while !holds() {
      try #require(BootClock.now < deadline, "it did not come about in time")
      wait(atMost: .milliseconds(5))
      perform()
    }
  }
}

extension CallEnd {
  var answer: HTTPAnswer? { if case .answered(let answer) = self { answer } else { nil } }
  var text: String? { answer.map { String(decoding: $0.body, as: UTF8.self) } }
  /// Why it was not sent; nil where it may have been.
  var proof: GatewayError.Code? { if case .notSent(let error) = self { error.code } else { nil } }
  var doubt: GatewayError.Code? { if case .unknown(let error) = self { error.code } else { nil } }
  var error: GatewayError? {
    switch self {
    case .answered: nil
    case .notSent(let error), .unknown(let error): error
    }
  }
}
