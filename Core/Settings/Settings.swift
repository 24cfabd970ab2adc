/// What a process is told from outside, read once at the start.
///
/// Invariants of this room:
/// - A setting is declared in one place: name, kind, default and meaning. `--help`, checking and reading all
///   come from that declaration, so they cannot disagree.
/// - Reading is pure: it sees only an `Environment` value, never the process.
/// - Everything that is wrong is told at once, one sentence for each wrong variable.
/// - The value of a secret is in no sentence, no help text and no description.
/// - A variable that is set but empty counts as not set (compose files write `NAME=${NAME:-}`).
public struct Settings: Sendable {
  private let values: [String: any Sendable]

  /// Every declared setting as an operator may see it, in declared order; secrets are masked.
  public let shown: [ShownSetting]

  /// Reads and checks every declared setting; throws all sentences at once.
  public init(reading environment: Environment, declared groups: [SettingGroup]) throws(SettingsError) {
    var values: [String: any Sendable] = [:]
    var shown: [ShownSetting] = []
    var sentences: [String] = []
    for setting in groups.flatMap(\.settings) {
      precondition(values[setting.name] == nil, "the setting \(setting.name) is declared twice")
      switch setting.read(environment) {
      case .value(let value, let parts):
        values[setting.name] = value
        shown += parts
      case .wrong(let wrong):
        values[setting.name] = ()
        sentences += wrong
      }
    }
    guard sentences.isEmpty else { throw SettingsError(sentences: sentences) }
    self.values = values
    self.shown = shown
  }

  /// The value of a declared setting. Asking for one that was not declared is a bug.
  public subscript<Value>(_ setting: Setting<Value>) -> Value {
    guard let value = values[setting.name] as? Value else {
      preconditionFailure("the setting \(setting.name) was not declared")
    }
    return value
  }
}

/// One variable and its effective value, fit to be printed.
public struct ShownSetting: Sendable, Equatable {
  public let name: String
  public let value: String
  public let isDefault: Bool
}

/// Everything that is wrong with the settings: one clear sentence for each wrong variable.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  public let sentences: [String]

  /// For checks that span several settings and are made after reading them.
  public init(sentences: [String]) { self.sentences = sentences }

  public var description: String { sentences.joined(separator: "\n") }
}
