import Testing

@testable import Settings

@Suite struct HelpTests {
  @Test("help prints every setting with default and meaning, grouped and aligned, within 80 columns")
  func help() {
    let text = Settings.help(for: all + [SettingGroup("Kafka and PostgreSQL", Setting.kafka, Setting.postgres)])
    let expected = """
      Worker
        LANES                    lanes in this process (a whole number from 1 to 64;
                                 default 1)
        PAUSE                    pause between rounds (a duration such as 500ms, 10s,
                                 5m, 2h or 7d from 1ms to 1d; default 10s)
        STRICT                   refuse what is odd (true or false; default true)
        MOOD                     how it goes about it (calm, brisk or wild; default
                                 calm)
        NAME                     its name (text; required)

      Surroundings
        HTTP_PORT                health and metrics (a port from 1 to 65535, or 0 for
                                 any free one; default 8080)
        BUFFER                   bytes kept (a size such as 512KiB or 4MB from 1KiB to
                                 1GiB; default 4MB)
        TOKEN[_FILE]             what callers show (at least 8 characters; required)
        SITE                     name of the site (text; not set by default)

      Kafka and PostgreSQL
        KAFKA_BOOTSTRAP_SERVERS  Kafka's addresses (host:port, or several joined by

      """
    #expect(text.hasPrefix(expected.dropLast()))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(!text.contains("default ***"))
  }

  @Test("a name too long for the column stands on its own line")
  func longName() {
    let name = String(repeating: "LONG", count: 10)
    let text = Settings.help(for: [SettingGroup("G", Setting(name, .boolean, default: true, "m"), Setting.lanes)])
    #expect(text.contains("  \(name)\n         m (true or false; default true)\n"))
  }
}
