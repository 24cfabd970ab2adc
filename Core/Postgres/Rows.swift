internal import CPostgres
public import Digest
public import Values

/// A statement's result in binary format. Freed with the last reference; rows are views into it.
public final class Rows: RandomAccessCollection {
  private let result: OpaquePointer
  public let count: Int
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  init(_ result: OpaquePointer) {
    self.result = result
    self.count = Int(PQntuples(result))
  }

  deinit { PQclear(result) }

  /// Rows inserted, updated or deleted.
  public var affected: Int {
    guard let text = PQcmdTuples(result) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }

  public subscript(row: Int) -> Row {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    return Row(result: self, row: Int32(row))
  }

  public var columns: [String] {
    (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
  }

  fileprivate func bytes(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer? {
    precondition(column < PQnfields(result), "column \(column) is not in the result")
    guard PQgetisnull(result, row, column) == 0 else { return nil }
    return UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
  }

  fileprivate func type(_ column: Int32) -> UInt32 { PQftype(result, column) }
}

/// One row. A column that is NULL, or of another type than is asked for, is a fault of the statement: it traps, and the
/// test that prepares every statement finds it first.
public struct Row {
  fileprivate let result: Rows
  fileprivate let row: Int32

  public func integer(_ column: Int32) -> Int64 { required(optionalInteger(column), column) }
  public func small(_ column: Int32) -> Int { Int(integer(column)) }
  public func text(_ column: Int32) -> String { required(optionalText(column), column) }
  public func boolean(_ column: Int32) -> Bool { required(optionalBoolean(column), column) }
  public func timestamp(_ column: Int32) -> Timestamp { required(optionalTimestamp(column), column) }
  public func fingerprint(_ column: Int32) -> Fingerprint { required(optionalFingerprint(column), column) }
  public func bytes(_ column: Int32) -> [UInt8] { required(optionalBytes(column), column) }
  public func double(_ column: Int32) -> Double { required(optionalDouble(column), column) }

  /// From `smallint`, `integer` or `bigint`.
  public func optionalInteger(_ column: Int32) -> Int64? {
    guard let bytes = result.bytes(row, column) else { return nil }
    switch bytes.count {
    case 8: return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    case 4: return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case 2: return Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    default: preconditionFailure("column \(column) is not an integer")
    }
  }

  public func optionalText(_ column: Int32) -> String? {
    result.bytes(row, column).map { String(decoding: $0, as: UTF8.self) }
  }

  public func optionalBoolean(_ column: Int32) -> Bool? {
    result.bytes(row, column).map { $0[0] != 0 }
  }

  public func optionalTimestamp(_ column: Int32) -> Timestamp? {
    optionalInteger(column).map { Timestamp(microseconds: $0 &+ postgresEpoch) }
  }

  public func optionalDouble(_ column: Int32) -> Double? {
    guard let bytes = result.bytes(row, column) else { return nil }
    precondition(bytes.count == 8, "column \(column) is not a double")
    return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
  }

  public func optionalFingerprint(_ column: Int32) -> Fingerprint? {
    guard let bytes = result.bytes(row, column) else { return nil }
    precondition(bytes.count == 16, "column \(column) is not 16 bytes")
    return Fingerprint(
      high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  public func optionalBytes(_ column: Int32) -> [UInt8]? {
    result.bytes(row, column).map { [UInt8]($0) }
  }

  public func withBytes<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer?) -> Value) -> Value {
    body(result.bytes(row, column))
  }

  /// The elements of a one-dimensional array, nil for NULL ones. The closure's bytes are valid only within it.
  public func array<Value>(_ column: Int32, _ element: (UnsafeRawBufferPointer?) -> Value) -> [Value] {
    guard let bytes = result.bytes(row, column) else { return [] }
    func word(_ at: Int) -> Int32 { Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)) }
    guard word(0) > 0 else { return [] }
    precondition(word(0) == 1, "column \(column) has more than one dimension")
    var values: [Value] = []
    let count = Int(word(12))
    values.reserveCapacity(count)
    var at = 20
    for _ in 0..<count {
      let length = Int(word(at))
      at += 4
      values.append(element(length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[at..<at + length])))
      at += max(0, length)
    }
    return values
  }

  public func texts(_ column: Int32) -> [String] {
    array(column) { $0.map { String(decoding: $0, as: UTF8.self) } ?? "" }
  }

  public func integers(_ column: Int32) -> [Int64] {
    array(column) { element in
      guard let element else { return 0 }
      return element.count == 8
        ? Int64(bigEndian: element.loadUnaligned(as: Int64.self))
        : Int64(Int32(bigEndian: element.loadUnaligned(as: Int32.self)))
    }
  }

  /// Any value as people would write it, for tables that a command prints.
  public func shown(_ column: Int32) -> String? {
    guard result.bytes(row, column) != nil else { return nil }
    switch result.type(column) {
    case 16: return boolean(column) ? "yes" : "no"
    case 20, 21, 23: return String(integer(column))
    case 701: return String(double(column))
    case 1184: return timestamp(column).rfc3339
    case 25, 1043, 19, 3802, 114: return text(column)
    default: return text(column)
    }
  }

  private func required<Value>(_ value: Value?, _ column: Int32) -> Value {
    guard let value else { preconditionFailure("column \(column) is NULL") }
    return value
  }
}
