import Testing

@testable import Settings

enum Mood: String, CaseIterable, Sendable { case calm, brisk, wild }

extension Setting<Int> {
  static var lanes: Setting { Setting("LANES", .integer(1...64), default: 1, "lanes in this process") }
  static var buffer: Setting { Setting("BUFFER", .byteSize(1024...1 << 30), default: 4_000_000, "bytes kept") }
  static var port: Setting { Setting("HTTP_PORT", .port, default: 8080, "health and metrics") }
}
extension Setting<Duration> {
  static var pause: Setting {
    Setting("PAUSE", .duration(.milliseconds(1)...(.seconds(86_400))), default: .seconds(10), "pause between rounds")
  }
}
extension Setting<Bool> {
  static var strict: Setting { Setting("STRICT", .boolean, default: true, "refuse what is odd") }
}
extension Setting<Mood> {
  static var mood: Setting { Setting("MOOD", .choice, default: .calm, "how it goes about it") }
}
extension Setting<Secret> {
  static var token: Setting {
    Setting("TOKEN", .secret("at least 8 characters") { $0.count >= 8 }, "what callers show")
  }
}
extension Setting<String?> {
  static var site: Setting { Setting("SITE", .optional(.text), default: nil, "name of the site") }
}
extension Setting<String> {
  static var name: Setting { Setting("NAME", .text, "its name") }
}

let all = [
  SettingGroup("Worker", Setting.lanes, Setting.pause, Setting.strict, Setting.mood, Setting.name),
  SettingGroup("Surroundings", Setting.port, Setting.buffer, Setting.token, Setting.site),
]

func sentences(_ variables: [String: String], files: [String: String] = [:], _ groups: [SettingGroup]) -> [String] {
  do throws(SettingsError) {
    _ = try Settings(reading: Environment(variables, files: files), declared: groups)
    return []
  } catch {
    return error.sentences
  }
}

@Suite struct ReadingTests {
  @Test("defaults apply where nothing or an empty text is given")
  func defaults() throws {
    let settings = try Settings(
      reading: Environment(["NAME": "north", "TOKEN": "12345678", "LANES": ""]), declared: all)
    #expect(settings[.lanes] == 1)
    #expect(settings[.pause] == .seconds(10))
    #expect(settings[.strict])
    #expect(settings[.mood] == .calm)
    #expect(settings[.port] == 8080)
    #expect(settings[.buffer] == 4_000_000)
    #expect(settings[.site] == nil)
  }

  @Test("what is given is read with its type")
  func given() throws {
    let settings = try Settings(
      reading: Environment([
        "NAME": "北京 1", "TOKEN": "abcdefgh", "LANES": "64", "PAUSE": "500ms", "STRICT": "Off", "MOOD": "wild",
        "HTTP_PORT": "0", "BUFFER": "64KiB", "SITE": "x",
      ]), declared: all)
    #expect(settings[.name] == "北京 1")
    #expect(settings[.lanes] == 64)
    #expect(settings[.pause] == .milliseconds(500))
    #expect(!settings[.strict])
    #expect(settings[.mood] == .wild)
    #expect(settings[.port] == 0)
    #expect(settings[.buffer] == 65_536)
    #expect(settings[.site] == "x")
    #expect(settings[.token].reveal() == "abcdefgh")
  }

  @Test("all wrong settings are told at once, each with name, what was given and what is allowed")
  func allAtOnce() {
    let told = sentences(
      [
        "LANES": "65", "PAUSE": "10 s", "STRICT": "maybe", "MOOD": "Calm", "HTTP_PORT": "65536", "BUFFER": "1B",
        "TOKEN": "short",
      ], all)
    #expect(
      told == [
        "LANES is \"65\", but must be a whole number from 1 to 64.",
        "PAUSE is \"10 s\", but must be a duration such as 500ms, 10s, 5m, 2h or 7d from 1ms to 1d.",
        "STRICT is \"maybe\", but must be true or false.",
        "MOOD is \"Calm\", but must be calm, brisk or wild.",
        "NAME is not set; it must be text.",
        "HTTP_PORT is \"65536\", but must be a port from 1 to 65535, or 0 for any free one.",
        "BUFFER is \"1B\", but must be a size such as 512KiB or 4MB from 1KiB to 1GiB.",
        "TOKEN has a value that is not allowed, but must be at least 8 characters.",
      ])
  }

  @Test("a wrong value is shown on one line, whatever it holds")
  func oneLine() {
    let told = sentences(
      ["LANES": "4\r\n\"x\"" + String(repeating: "9", count: 500)], [SettingGroup("", Setting.lanes)])
    #expect(told.count == 1)
    #expect(told[0].hasPrefix("LANES is \"4\\r\\n\\\"x\\\"999"))
    #expect(told[0].count < 200)
    #expect(!told[0].contains { $0.isNewline })
  }

  @Test(
    "a secret comes from its file, without the last line break",
    arguments: ["s3cret word", "s3cret word\n", "s3cret word\r\n"])
  func secretFile(text: String) throws {
    let environment = Environment(["TOKEN_FILE": "/run/token"], files: ["/run/token": text])
    let settings = try Settings(reading: environment, declared: [SettingGroup("", Setting.token)])
    #expect(settings[.token].reveal() == "s3cret word")
  }

  @Test("a secret's file that is missing, empty, not text, or given twice is a sentence")
  func secretFileWrong() {
    let group = [SettingGroup("", Setting.token)]
    #expect(
      sentences(["TOKEN_FILE": "/run/none"], group)
        == ["TOKEN_FILE names \"/run/none\", which cannot be read: No such file or directory."])
    #expect(
      sentences(["TOKEN_FILE": "/e"], files: ["/e": "\n"], group) == ["TOKEN_FILE names \"/e\", which is empty."])
    #expect(
      sentences(["TOKEN_FILE": "/n"], files: ["/n": "abc\0defgh"], group)
        == ["TOKEN_FILE names \"/n\", which is not UTF-8 text."])
    #expect(
      sentences(["TOKEN_FILE": "/n", "TOKEN": "12345678"], group)
        == ["TOKEN and TOKEN_FILE are both set; give one of them."])
  }

  @Test("a secret shows itself nowhere")
  func secretHidden() throws {
    let environment = Environment(["TOKEN": "hunter2hunter2", "NAME": "n"])
    let settings = try Settings(reading: environment, declared: all)
    var dumped = ""
    dump(settings, to: &dumped)
    let printed = "\(settings[.token]) \(String(reflecting: settings[.token])) \(settings.shown) \(dumped)"
    #expect(!printed.contains("hunter2"))
    #expect(settings.shown.contains(ShownSetting(name: "TOKEN", value: "***", isDefault: false)))
    #expect(sentences(["TOKEN": "hunt2"], all).allSatisfy { !$0.contains("hunt2") })
  }

  @Test("the process's environment can be read, and files by path")
  func process() throws {
    let environment = try Environment.ofProcess()
    #expect(environment.names.contains("PATH"))
    guard case .failure(let wrong) = Environment(["A_FILE": "/nowhere"]).secret("A") else {
      Issue.record("a missing file was read")
      return
    }
    #expect(wrong.sentence.contains("A_FILE"))
  }
}
