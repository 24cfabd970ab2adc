import Seeding
import Testing

@testable import Settings

@Suite struct AmountTests {
  @Test(
    "durations are a whole number and a unit",
    arguments: [
      ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("2h", .seconds(7200)),
      ("7d", .seconds(604_800)), ("0s", .zero),
    ])
  func durations(text: String, duration: Duration) {
    #expect(TimeLength.parse(text) == duration)
    #expect(TimeLength.parse(TimeLength.show(duration)) == duration)
  }

  @Test(
    "what is no duration is refused",
    arguments: [
      "", "10", "s", "-1s", "+1s", "1.5s", "1 s", "1S", "1s ", "٣s", "9223372036854775807d", "99999999999999999999s",
    ])
  func noDuration(text: String) { #expect(TimeLength.parse(text) == nil) }

  @Test(
    "sizes are a whole number and a decimal or binary unit",
    arguments: [
      ("4MB", 4_000_000), ("64KiB", 65_536), ("512", 512), ("512B", 512), ("1gib", 1 << 30), ("2GB", 2_000_000_000),
      ("3kB", 3000), ("3KB", 3000), ("0", 0),
    ])
  func sizes(text: String, bytes: Int) {
    #expect(ByteSize.parse(text) == bytes)
    #expect(ByteSize.parse(ByteSize.show(bytes)) == bytes)
  }

  @Test("what is no size is refused", arguments: ["", "MB", "-1", "1.5MB", "4 MB", "4Mb/s", "99999999999GiB", "4TB"])
  func noSize(text: String) { #expect(ByteSize.parse(text) == nil) }

  @Test("random amounts read back as they were shown")
  func roundTrip() {
    var random = Seeded()
    for _ in 0..<2000 {
      let bytes = Int.random(in: 0...Int.max, using: &random) >> Int.random(in: 0...62, using: &random)
      #expect(ByteSize.parse(ByteSize.show(bytes)) == bytes)
      let length = Duration.milliseconds(Int64.random(in: 0...31_536_000_000_000, using: &random))
      #expect(TimeLength.parse(TimeLength.show(length)) == length)
    }
  }
}
