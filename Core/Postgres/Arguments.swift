public import Digest
public import Values

/// A statement's arguments in PostgreSQL's binary format, in the order of `$1`, `$2` and so on.
///
/// All values lie in one buffer that is kept from batch to batch, so a batch of thousands of rows allocates nothing
/// once the buffer has grown. Not shared between threads.
public struct Arguments: ~Copyable {
  var buffer = ByteBuffer()
  var types: [UInt32] = []
  /// First byte and length of each argument; -1 is NULL.
  var places: [(start: Int, length: Int32)] = []

  public init() {}

  public var count: Int { types.count }

  public mutating func removeAll() {
    buffer.count = 0
    types.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  // MARK: Single values

  public mutating func integer(_ value: Int64?) { single(.int8, value) { $0.put($1) } }
  public mutating func small(_ value: Int32?) { single(.int4, value) { $0.put($1) } }
  public mutating func boolean(_ value: Bool?) { single(.bool, value) { $0.put(UInt8($1 ? 1 : 0)) } }
  public mutating func text(_ value: String?) { single(.text, value) { $0.put($1) } }
  public mutating func bytes(_ value: [UInt8]?) { single(.bytea, value) { $0.put($1) } }
  public mutating func timestamp(_ value: Timestamp?) { single(.timestamptz, value) { $0.put($1) } }
  public mutating func fingerprint(_ value: Fingerprint?) { single(.uuid, value) { $0.put($1) } }

  // MARK: A column of many rows, as an array

  public mutating func integers<Row>(_ rows: [Row], _ value: (Row) -> Int64?) {
    array(.int8, rows, value) { $0.put($1) }
  }
  public mutating func smalls<Row>(_ rows: [Row], _ value: (Row) -> Int32?) { array(.int4, rows, value) { $0.put($1) } }
  public mutating func booleans<Row>(_ rows: [Row], _ value: (Row) -> Bool?) {
    array(.bool, rows, value) { $0.put(UInt8($1 ? 1 : 0)) }
  }
  public mutating func texts<Row>(_ rows: [Row], _ value: (Row) -> String?) { array(.text, rows, value) { $0.put($1) } }
  public mutating func bytes<Row>(_ rows: [Row], _ value: (Row) -> [UInt8]?) {
    array(.bytea, rows, value) { $0.put($1) }
  }
  public mutating func timestamps<Row>(_ rows: [Row], _ value: (Row) -> Timestamp?) {
    array(.timestamptz, rows, value) { $0.put($1) }
  }
  public mutating func fingerprints<Row>(_ rows: [Row], _ value: (Row) -> Fingerprint?) {
    array(.uuid, rows, value) { $0.put($1) }
  }

  // MARK: Encoding

  @inline(__always)
  private mutating func single<Value>(_ type: PostgresType, _ value: Value?, _ put: (inout ByteBuffer, Value) -> Void) {
    types.append(type.rawValue)
    guard let value else { return places.append((0, -1)) }
    let start = buffer.count
    put(&buffer, value)
    places.append((start, Int32(buffer.count - start)))
  }

  /// One dimension, lower bound 1: dimensions, has-nulls flag, element type, length, bound, then length and bytes each.
  @inline(__always)
  private mutating func array<Row, Value>(
    _ type: PostgresType, _ rows: [Row], _ value: (Row) -> Value?, _ put: (inout ByteBuffer, Value) -> Void
  ) {
    types.append(type.array)
    let start = buffer.count
    buffer.put(Int32(rows.isEmpty ? 0 : 1))
    buffer.put(Int32(1))
    buffer.put(Int32(bitPattern: type.rawValue))
    if !rows.isEmpty {
      buffer.put(Int32(rows.count))
      buffer.put(Int32(1))
    }
    // Through the buffer, so that a row is read where it lies: copying it costs a retain for every string in it.
    rows.withUnsafeBufferPointer { rows in
      for place in rows.indices {
        guard let value = value(rows[place]) else {
          buffer.put(Int32(-1))
          continue
        }
        let length = buffer.count
        buffer.put(Int32(0))
        put(&buffer, value)
        buffer.overwrite(Int32(buffer.count - length - 4), at: length)
      }
    }
    places.append((start, Int32(buffer.count - start)))
  }
}

/// Object identifiers of PostgreSQL's built-in types (`pg_type.dat`); they never change.
enum PostgresType: UInt32 {
  case bool = 16
  case bytea = 17
  case int8 = 20
  case int4 = 23
  case text = 25
  case timestamptz = 1184
  case uuid = 2950

  var array: UInt32 {
    switch self {
    case .bool: 1000
    case .bytea: 1001
    case .int4: 1007
    case .text: 1009
    case .int8: 1016
    case .timestamptz: 1185
    case .uuid: 2951
    }
  }
}

/// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's `timestamptz` begins.
let postgresEpoch: Int64 = 946_684_800_000_000

/// Bytes in network order, growing by doubling.
struct ByteBuffer: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int
  var count = 0

  init(capacity: Int = 1024) {
    base = .allocate(byteCount: capacity, alignment: 16)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  @inline(__always)
  mutating func reserve(_ more: Int) {
    if count &+ more > capacity { grow(more) }
  }

  private mutating func grow(_ more: Int) {
    let larger = max(capacity * 2, count + more)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = moved
    capacity = larger
  }

  @inline(__always)
  mutating func put<Number: FixedWidthInteger>(_ value: Number) {
    reserve(MemoryLayout<Number>.size)
    (base + count).storeBytes(of: value.bigEndian, as: Number.self)
    count &+= MemoryLayout<Number>.size
  }

  @inline(__always)
  mutating func overwrite(_ value: Int32, at place: Int) {
    (base + place).storeBytes(of: value.bigEndian, as: Int32.self)
  }

  mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  mutating func put(_ value: String) {
    var value = value
    value.withUTF8 { put(UnsafeRawBufferPointer($0)) }
  }

  mutating func put(_ value: [UInt8]) {
    value.withUnsafeBytes { put($0) }
  }

  @inline(__always)
  mutating func put(_ value: Timestamp) { put(value.microseconds &- postgresEpoch) }

  @inline(__always)
  mutating func put(_ value: Fingerprint) {
    put(value.high)
    put(value.low)
  }
}
