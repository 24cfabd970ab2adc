/// Headers for `Producer.send`, in order, in one buffer that is used again: no allocation per header once warm.
public struct MessageHeaders: Sendable {
  private struct Field {
    let name: Range<Int>
    /// nil is a null value.
    let value: Range<Int>?
  }

  private var bytes: [UInt8] = []
  private var fields: [Field] = []

  public init() {}

  public var count: Int { fields.count }
  public var isEmpty: Bool { fields.isEmpty }
  /// Names and values, as they count for a record's size.
  public var size: Int { bytes.count }

  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
  }

  /// What was there at some moment; see `removeAll(after:)`.
  public struct Mark: Sendable {
    fileprivate let bytes: Int
    fileprivate let fields: Int
  }

  public var mark: Mark { Mark(bytes: bytes.count, fields: fields.count) }

  /// Keeps what many records have in common.
  public mutating func removeAll(after mark: Mark) {
    bytes.removeLast(bytes.count - mark.bytes)
    fields.removeLast(fields.count - mark.fields)
  }

  public mutating func append(_ name: StaticString, _ value: some StringProtocol) {
    append(name: store(name), value: store(value.utf8))
  }

  public mutating func append(_ name: some StringProtocol, _ value: some StringProtocol) {
    append(name: store(name.utf8), value: store(value.utf8))
  }

  public mutating func append(_ name: StaticString, _ value: UnsafeRawBufferPointer?) {
    let name = store(name)
    append(name: name, value: value.map { store($0) })
  }

  public mutating func append(_ name: some StringProtocol, _ value: UnsafeRawBufferPointer?) {
    let name = store(name.utf8)
    append(name: name, value: value.map { store($0) })
  }

  /// As `Record.forEachHeader` gives them, to carry a record's headers on.
  public mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
    let name = store(name)
    append(name: name, value: value.map { store($0) })
  }

  private mutating func append(name: Range<Int>, value: Range<Int>?) {
    fields.append(Field(name: name, value: value))
  }

  private mutating func store(_ name: StaticString) -> Range<Int> {
    let start = bytes.count
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    return start..<bytes.count
  }

  private mutating func store(_ content: UnsafeRawBufferPointer) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: content)
    return start..<bytes.count
  }

  private mutating func store(_ content: some Sequence<UInt8>) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: content)
    return start..<bytes.count
  }

  func withEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void) {
    bytes.withUnsafeBytes { all in
      for field in fields {
        body(
          UnsafeRawBufferPointer(rebasing: all[field.name]),
          field.value.map { UnsafeRawBufferPointer(rebasing: all[$0]) })
      }
    }
  }
}
