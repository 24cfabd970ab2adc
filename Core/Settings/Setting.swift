/// A declared setting: its variable's name, what it accepts, its default and what it means.
///
/// Short form, kept beside the code that uses it, and its explicit form:
/// ```swift
/// extension Setting<Int> {
///   static var lanes: Setting { Setting("LANES", .integer(1...64), default: 1, "lanes in this process") }
/// }
/// let settings = try Settings(reading: .ofProcess(), declared: [SettingGroup("Worker", Setting.lanes)])
/// settings[.lanes]
/// ```
public struct Setting<Value: Sendable>: Sendable {
  public let name: String
  let help: [HelpEntry]
  let read: @Sendable (Environment) -> Reading<Value>

  /// A setting with a default.
  public init(_ name: String, _ kind: SettingKind<Value>, default fallback: Value, _ meaning: String) {
    self.init(name, kind, fallback: fallback, meaning)
  }

  /// A setting that has to be given.
  public init(_ name: String, _ kind: SettingKind<Value>, _ meaning: String) {
    self.init(name, kind, fallback: nil, meaning)
  }

  /// A setting gathered from several variables (Kafka's properties, PostgreSQL's connection).
  init(_ name: String, help: [HelpEntry], read: @escaping @Sendable (Environment) -> Reading<Value>) {
    self.name = name
    self.help = help
    self.read = read
  }

  private init(_ name: String, _ kind: SettingKind<Value>, fallback: Value?, _ meaning: String) {
    let standing = fallback.map { "default \(kind.show($0))" } ?? "required"
    let detail = "\(kind.allowed); \(fallback.flatMap(kind.isNone) == true ? "not set by default" : standing)"
    self.init(
      name, help: [HelpEntry(name: kind.isSecret ? "\(name)[_FILE]" : name, text: "\(meaning) (\(detail))")]
    ) { environment in
      let given: String?
      switch kind.isSecret ? environment.secret(name) : environment.plain(name) {
      case .failure(let wrong): return .wrong([wrong.sentence])
      case .success(let text): given = text
      }
      guard let given else {
        guard let fallback else { return .wrong(["\(name) is not set; it must be \(kind.allowed)."]) }
        return .value(fallback, [ShownSetting(name: name, value: kind.show(fallback), isDefault: true)])
      }
      guard let value = kind.parse(given) else {
        let told = kind.isSecret ? "has a value that is not allowed" : "is \(quoted(given))"
        return .wrong(["\(name) \(told), but must be \(kind.allowed)."])
      }
      return .value(value, [ShownSetting(name: name, value: kind.show(value), isDefault: false)])
    }
  }
}

/// Settings that `--help` prints under one heading.
public struct SettingGroup: Sendable {
  let title: String
  let settings: [DeclaredSetting]

  public init<each Value: Sendable>(_ title: String, _ settings: repeat Setting<each Value>) {
    self.title = title
    var declared: [DeclaredSetting] = []
    for setting in repeat each settings { declared.append(DeclaredSetting(setting)) }
    self.settings = declared
  }
}

/// What reading one setting came to.
enum Reading<Value: Sendable>: Sendable {
  case value(Value, [ShownSetting])
  case wrong([String])
}

/// A setting whose value type no longer matters, so that settings of all types stand in one list.
struct DeclaredSetting: Sendable {
  let name: String
  let help: [HelpEntry]
  let read: @Sendable (Environment) -> Reading<any Sendable>

  init<Value>(_ setting: Setting<Value>) {
    name = setting.name
    help = setting.help
    read = { environment in
      switch setting.read(environment) {
      case .value(let value, let shown): .value(value, shown)
      case .wrong(let sentences): .wrong(sentences)
      }
    }
  }
}

/// One variable's line in `--help`.
struct HelpEntry: Sendable {
  let name: String
  let text: String
}
