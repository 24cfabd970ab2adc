import Glibc
import Synchronization
import Testing

@testable import Observe

/// Lines as written, and a clock that stands until it is moved.
final class Lines: Sendable {
  private let written = Mutex<[String]>([])
  private let clock = Mutex(Moment(unixMilliseconds: 1_795_290_243_123, sinceBoot: .seconds(100)))

  func log(level: LogLevel = .debug, format: LogFormat = .json) -> Log {
    Log(
      worker: "allocate-leads", level: level, format: format, now: { self.clock.withLock { $0 } },
      write: { line in self.written.withLock { $0.append(line) } })
  }

  func pass(_ time: Duration) {
    clock.withLock {
      $0 = Moment(
        unixMilliseconds: $0.unixMilliseconds + Int64(time / .milliseconds(1)), sinceBoot: $0.sinceBoot + time)
    }
  }

  /// What was written since the last call.
  func take() -> [String] {
    written.withLock { lines in
      defer { lines = [] }
      return lines
    }
  }
}

@Suite struct LogTests {
  @Test("a line is JSON with time, level, message, worker, lane and typed fields")
  func json() {
    let lines = Lines()
    lines.log().lane(2).warning(
      "the database is away",
      [
        "sqlstate": .text("08006"), "offset": .integer(12_345_678_901 as Int64), "took": .seconds(.milliseconds(1500)),
        "ready": .flag(false), "phone": .personal("+86 139 1234 5678"), "name": .personal("张三"),
        "number": .personal(8_613_912_345_678), "at": .place("lead.registered", 3, 12_345_678), "odd": .real(.nan),
      ])
    #expect(
      lines.take() == [
        #"{"time":"2026-11-21T19:44:03.123Z","level":"warning","message":"the database is away","#
          + #""worker":"allocate-leads","lane":2,"sqlstate":"08006","offset":12345678901,"took":1.5,"ready":false,"#
          + #""phone":"***78","name":"***","number":"***78","at":"lead.registered/3/12345678","odd":null}"#
      ])
  }

  @Test("text is for people: one line, plain values bare, others quoted")
  func text() {
    let lines = Lines()
    lines.log(format: .text).info(
      "started\nfine", ["topic": .text("lead.registered"), "why": .text("as asked"), "n": .integer(3)])
    #expect(
      lines.take() == [
        #"19:44:03.123Z info    allocate-leads  started\nfine  topic=lead.registered  why="as asked"  n=3"#
      ])
  }

  @Test("message and text fields are masked, whatever the format", arguments: [LogFormat.json, .text])
  func masked(format: LogFormat) {
    let lines = Lines()
    lines.log(format: format).error("cannot call 13912345678", ["to": .text("a.b@example.com 139-1234-5678")])
    let line = lines.take()[0]
    #expect(!line.contains("12345") && !line.contains("1234") && !line.contains("a.b"))
    #expect(line.contains("78"))
  }

  @Test("quotes, control characters and line separators are escaped")
  func escaped() {
    let lines = Lines()
    lines.log().info("a\"b\\c\n\r\t\0\u{1B}\u{7F}\u{85}\u{2028}é🙂", ["level": .text("x")])
    let line = lines.take()[0]
    #expect(line.contains(#""message":"a\"b\\c\n\r\t\u0000\u001b\u007f\u0085\u2028é🙂""#))
    #expect(line.contains(#""level_":"x""#))
  }

  @Test("levels below the log's are not written, nor are their messages made")
  func levels() {
    let lines = Lines()
    let log = lines.log(level: .warning)
    log.debug(
      { () -> String in
        Issue.record("was made")
        return ""
      }())
    log.info("no")
    log.warning("yes")
    log.error("yes too")
    #expect(lines.take().count == 2)
  }

  @Test("long texts are cut")
  func long() {
    let lines = Lines()
    lines.log().info("x", ["payload": .text(String(repeating: "é", count: 1_000_000))])
    let line = lines.take()[0]
    #expect(line.utf8.count < 5000)
    #expect(line.contains("(2000000 bytes)"))
  }

  @Test("an identical line is written at once, then counted, then once in ten seconds with the number")
  func repeated() {
    let lines = Lines()
    let log = lines.log()
    for _ in 0..<1000 { log.warning("away", ["code": .integer(1)]) }
    #expect(lines.take().count == 1)
    lines.pass(.seconds(10))
    log.warning("away", ["code": .integer(1)])
    let later = lines.take()
    #expect(later.count == 1)
    #expect(later[0].contains(#""repeated":999"#))
    lines.pass(.seconds(10))
    log.warning("away", ["code": .integer(1)])
    #expect(!lines.take()[0].contains("repeated"))
  }

  @Test("another message, level or lane is no repeat")
  func notRepeated() {
    let lines = Lines()
    let log = lines.log()
    log.info("a")
    log.info("b")
    log.error("a")
    log.lane(1).info("a")
    log.lane(2).info("a")
    #expect(lines.take().count == 5)
  }

  @Test("one message with ever new fields is written twenty times in ten seconds, and the rest counted")
  func storm() {
    let lines = Lines()
    let log = lines.log()
    for offset in 0..<5000 { log.warning("dead letter", ["offset": .integer(offset)]) }
    #expect(lines.take().count == 20)
    lines.pass(.seconds(11))
    log.info("something else")
    let later = lines.take()
    #expect(later.count == 2)
    #expect(later[0].contains(#""offset":4999,"repeated":4980"#))
  }

  @Test("what was held back is told at the end, once")
  func flushed() {
    let lines = Lines()
    let log = lines.log()
    for _ in 0..<3 { log.error("bad") }
    log.flush()
    log.flush()
    let told = lines.take()
    #expect(told.count == 2)
    #expect(told[1].contains(#""repeated":2"#))
  }

  @Test("calendar dates are right over four centuries, before 1970 too")
  func calendar() {
    #expect(CalendarDate(unixMilliseconds: 0).rfc3339 == "1970-01-01T00:00:00.000Z")
    #expect(CalendarDate(unixMilliseconds: 951_782_399_999).rfc3339 == "2000-02-28T23:59:59.999Z")
    #expect(CalendarDate(unixMilliseconds: 951_782_400_000).rfc3339 == "2000-02-29T00:00:00.000Z")
    #expect(CalendarDate(unixMilliseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
    #expect(CalendarDate(unixMilliseconds: 4_107_542_399_000).rfc3339 == "2100-02-28T23:59:59.000Z")
    #expect(CalendarDate(unixMilliseconds: 4_107_542_400_000).rfc3339 == "2100-03-01T00:00:00.000Z")
    #expect(CalendarDate(unixMilliseconds: 1_795_290_243_123).weekday == 6)
  }

  @Test("many threads write whole lines, and every one is written or counted")
  func threads() async {
    let lines = Lines()
    let log = lines.log()
    await withTaskGroup(of: Void.self) { group in
      for lane in 0..<8 {
        group.addTask { for index in 0..<100 { log.lane(lane).info("m \(index)") } }
      }
    }
    let written = lines.take()
    #expect(written.count == 800)
    #expect(written.allSatisfy { $0.hasPrefix("{\"time\"") && $0.hasSuffix("}") })
  }

  @Test("a line is one write, JSON where nobody watches, and a full non-blocking pipe loses none")
  func writes() throws {
    // Datagrams keep writes apart.
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    let log = Log(worker: "w", level: .info, format: .automatic, descriptor: ends[0])
    let long = String(repeating: "x", count: 4000)
    let writer = Client.thread { for index in 0..<500 { log.info("line \(index)", ["long": .text(long)]) } }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    for index in 0..<500 {
      var wait = pollfd(fd: ends[1], events: Int16(POLLIN), revents: 0)
      try #require(poll(&wait, 1, 10_000) == 1)
      let count = recv(ends[1], &chunk, chunk.count, 0)
      let line = String(decoding: chunk.prefix(max(count, 0)), as: UTF8.self)
      #expect(line.hasPrefix("{\"time\"") && line.contains("\"line \(index)\"") && line.hasSuffix("\"}\n"))
    }
    pthread_join(writer, nil)
    for end in ends { close(end) }
  }
}
