/// What a setting accepts: how its text is read, how a value is shown, and the words for what is allowed.
public struct SettingKind<Value: Sendable>: Sendable {
  /// A noun phrase that completes "NAME must be ...".
  let allowed: String
  let isSecret: Bool
  let parse: @Sendable (String) -> Value?
  let show: @Sendable (Value) -> String
  /// Whether the value says "none" (only an optional can).
  let isNone: @Sendable (Value) -> Bool

  init(
    _ allowed: String, isSecret: Bool = false, parse: @escaping @Sendable (String) -> Value?,
    show: @escaping @Sendable (Value) -> String, isNone: @escaping @Sendable (Value) -> Bool = { _ in false }
  ) {
    self.allowed = allowed
    self.isSecret = isSecret
    self.parse = parse
    self.show = show
    self.isNone = isNone
  }

  /// The same kind for a setting that may be left out: `Setting("X", .optional(.text), default: nil, "...")`.
  public static func optional<Wrapped>(_ kind: SettingKind<Wrapped>) -> SettingKind where Value == Wrapped? {
    SettingKind(
      kind.allowed, isSecret: kind.isSecret, parse: { text in kind.parse(text).map { .some($0) } },
      show: { value in value.map { kind.show($0) } ?? "" }, isNone: { $0 == nil })
  }
}

extension SettingKind<String> {
  /// Any text.
  public static var text: SettingKind { text("text") { _ in true } }

  /// Text of a stated shape; `allowed` completes "must be ...".
  public static func text(_ allowed: String, where holds: @escaping @Sendable (String) -> Bool) -> SettingKind {
    SettingKind(allowed, parse: { holds($0) ? $0 : nil }, show: { $0.isEmpty ? "empty" : $0 })
  }
}

extension SettingKind<Int> {
  public static func integer(_ range: ClosedRange<Int>) -> SettingKind {
    let bounds = bounds(range, of: Int.min...Int.max, shown: String.init)
    return SettingKind("a whole number\(bounds)", parse: { Int($0).within(range) }, show: String.init)
  }

  /// A number of bytes: `4MB`, `64KiB`, `512`. Decimal units count by 1000, binary ones by 1024.
  public static func byteSize(_ range: ClosedRange<Int> = 0...Int.max) -> SettingKind {
    let bounds = bounds(range, of: 0...Int.max, shown: ByteSize.show)
    return SettingKind(
      "a size such as 512KiB or 4MB\(bounds)", parse: { ByteSize.parse($0).within(range) }, show: ByteSize.show)
  }

  /// A TCP port. Zero lets the system choose a free one.
  public static var port: SettingKind {
    SettingKind(
      "a port from 1 to 65535, or 0 for any free one", parse: { Int($0).within(0...65535) }, show: String.init)
  }
}

extension SettingKind<Duration> {
  /// A length of time: `500ms`, `10s`, `5m`, `2h`, `7d`.
  public static func duration(_ range: ClosedRange<Duration>) -> SettingKind {
    let bounds = bounds(range, of: .zero...TimeLength.longest, shown: TimeLength.show)
    return SettingKind(
      "a duration such as 500ms, 10s, 5m, 2h or 7d\(bounds)", parse: { TimeLength.parse($0).within(range) },
      show: TimeLength.show)
  }

  public static var duration: SettingKind { duration(.zero...TimeLength.longest) }
}

extension SettingKind<Bool> {
  public static var boolean: SettingKind {
    SettingKind(
      "true or false",
      parse: {
        switch $0.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
      }, show: { $0 ? "true" : "false" })
  }
}

extension SettingKind where Value: CaseIterable & RawRepresentable<String> {
  /// One of an enum's words.
  public static var choice: SettingKind {
    let words = Value.allCases.map(\.rawValue)
    let allowed = words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words.last!
    return SettingKind(allowed, parse: { Value(rawValue: $0) }, show: \.rawValue)
  }
}

extension SettingKind<Secret> {
  /// A text that is never printed; also read from the file that `NAME_FILE` names.
  public static var secret: SettingKind { secret("a secret") { _ in true } }

  public static func secret(_ allowed: String, where holds: @escaping @Sendable (String) -> Bool) -> SettingKind {
    SettingKind(allowed, isSecret: true, parse: { holds($0) ? Secret($0) : nil }, show: \.description)
  }
}

/// A text that does not show itself: neither printing, interpolating, dumping nor reflecting reveals it.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let text: String
  public init(_ text: String) { self.text = text }
  public func reveal() -> String { text }
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Optional where Wrapped: Comparable {
  fileprivate func within(_ range: ClosedRange<Wrapped>) -> Wrapped? { flatMap { range.contains($0) ? $0 : nil } }
}

/// " from 1 to 64", " of at least 1", " of at most 64", or nothing where the range is the kind's whole range.
private func bounds<Bound: Comparable>(
  _ range: ClosedRange<Bound>, of whole: ClosedRange<Bound>, shown: (Bound) -> String
) -> String {
  switch (range.lowerBound > whole.lowerBound, range.upperBound < whole.upperBound) {
  case (_, true): " from \(shown(range.lowerBound)) to \(shown(range.upperBound))"
  case (true, false): ", at least \(shown(range.lowerBound))"
  case (false, false): ""
  }
}
