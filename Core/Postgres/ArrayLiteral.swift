/// PostgreSQL's text form of an array, for a column of arrays: arrays of arrays would be flattened by `unnest`, so each row's
/// array travels as text and is cast, `a.tags::text[]`.
public enum ArrayLiteral {
  public static func texts(_ elements: [String]) -> String {
    guard !elements.isEmpty else { return "{}" }
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    for element in elements {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "\""))
      for byte in element.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  public static func integers(_ elements: [Int64]) -> String {
    "{" + elements.map { String($0) }.joined(separator: ",") + "}"
  }
}
