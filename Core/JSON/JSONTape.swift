public import Values

/// Reads one JSON text (RFC 8259) at a time into a flat tape of values that point into the text.
///
/// Invariants: nothing is copied while reading, so views are valid only inside `read`'s closure. What PostgreSQL
/// would refuse is refused here, with the place: a NUL character, a lone surrogate, bytes that are not UTF-8. The tape
/// is used again for the next text; it is not shared between threads.
public final class JSONTape {
  /// Deeper nesting is refused: events are flat, and depth is what an attacker has for free.
  public static let deepest = 32

  /// Entries kept from text to text, 16 bytes each. One strange text must not make the process large for good.
  private static let kept = 4096

  private var entries: UnsafeMutablePointer<JSONEntry>
  private var capacity = 256

  public init() {
    entries = .allocate(capacity: capacity)
  }

  deinit {
    entries.deallocate()
  }

  /// Reads a text whose outermost value is an object and hands its view to `body`.
  public func read<Result>(
    _ text: UnsafeRawBufferPointer, _ body: (JSONObject) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    try scan(text) { root throws(Refusal) in
      guard entries[0].kind == .object else {
        throw Refusal("wrong-type", "a JSON object was expected, \(entries[0].kind.article) was found")
      }
      return try body(root)
    }
  }

  /// Reads a text of any outermost value, copied: for texts whose shape a description knows, not the code.
  public func readValue(_ text: UnsafeRawBufferPointer) throws(Refusal) -> JSONValue {
    try scan(text) { root throws(Refusal) in try root.tree(of: 0) }
  }

  private func scan<Result>(
    _ text: UnsafeRawBufferPointer, _ body: (JSONObject) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    guard text.count <= Int(Int32.max), let base = text.baseAddress, text.count > 0 else {
      throw Refusal("empty", "there is no value")
    }
    defer { shrink() }
    var scanner = JSONScanner(text, into: self)
    try scanner.scan()
    return try body(JSONObject(text: base, tape: UnsafePointer(entries), entry: 0, parent: nil))
  }

  var count = 0

  func append(_ entry: JSONEntry) -> Int {
    if count == capacity {
      let larger = UnsafeMutablePointer<JSONEntry>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: entries, count: count)
      entries.deallocate()
      entries = larger
      capacity *= 2
    }
    (entries + count).initialize(to: entry)
    count += 1
    return count - 1
  }

  private func shrink() {
    guard capacity > Self.kept else { return }
    entries.deallocate()
    entries = .allocate(capacity: Self.kept)
    capacity = Self.kept
  }

  func close(_ entry: Int, end: Int) {
    entries[entry].end = Int32(truncatingIfNeeded: end)
    entries[entry].next = Int32(truncatingIfNeeded: count)
  }
}

/// A value's place in the text. An object's members follow it as key, value, key, value; an array's elements likewise.
struct JSONEntry {
  var kind: JSONKind
  /// Whether a string holds escapes and must be rewritten to be used.
  var escaped = false
  /// First byte, for a string the one after the quote.
  var start: Int32
  /// One past the last byte, for a string the closing quote.
  var end: Int32
  /// The entry after this value and all that it holds.
  var next: Int32
}

enum JSONKind: UInt8 {
  case object, array, string, number, yes, no, null

  var article: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .yes, .no: "true or false"
    case .null: "null"
    }
  }
}
