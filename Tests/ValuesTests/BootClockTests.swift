import Glibc
import Testing
import Values

@Suite struct BootClockTests {
  /// Hundredths of a second since the machine was started, time asleep included (proc(5)).
  private func uptime() throws -> Duration {
    let file = try #require(fopen("/proc/uptime", "r"))
    defer { fclose(file) }
    var room = [CChar](repeating: 0, count: 64)
    try #require(fgets(&room, 64, file) != nil)
    let digits = room.prefix { $0 != 0x20 && $0 != 0 }.filter { $0 != 0x2E }
    return .milliseconds(10 * (try #require(Int64(String(decoding: digits.map(UInt8.init), as: UTF8.self)))))
  }

  @Test("it tells the time since the machine was started, and never goes back")
  func sinceStart() throws {
    let before = try uptime()
    let first = BootClock.now
    let second = BootClock.now
    let after = try uptime() + .milliseconds(10)
    #expect(before <= first && first <= second && second <= after)
  }
}
