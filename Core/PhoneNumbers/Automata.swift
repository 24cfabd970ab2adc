/// Acyclic automata over national numbers; node 0 is dead.
enum NumberAutomaton {
  @inline(__always)
  static func output(root: UInt16, _ digits: Digits) -> UInt16 {
    let nodes = Section.numberNodes.start
    var node = Int(root)
    for digit in digits {
      if node == 0 { return 0 }
      node = Int(nodes.load(fromByteOffset: 20 * node + 2 * Int(digit), as: UInt16.self))
    }
    return Section.numberOutputs.short(2 * node)
  }
}

/// Automata that find where an international or national prefix ends, as a backtracking matcher would.
enum PrefixMatch {
  struct Found {
    /// The last capturing group, if it took part.
    var group: Range<Int>?
    var end: Int
  }

  @inline(__always)
  static func find(root: UInt16, _ digits: Digits) -> Found? {
    guard root != 0 else { return nil }
    let nodes = Section.prefixNodes.start
    var node = Int(root)
    var outcome: UInt8 = 0
    var position = 0
    while true {
      let row = nodes + 22 * node
      guard position < digits.count else {
        let here = row.load(fromByteOffset: 21, as: UInt8.self)
        if here != 0 { outcome = here }
        break
      }
      let here = row.load(fromByteOffset: 20, as: UInt8.self)
      if here != 0 { outcome = here }
      node = Int(row.load(fromByteOffset: 2 * Int(digits[position]), as: UInt16.self))
      if node == 0 { break }
      position += 1
    }
    guard outcome != 0 else { return nil }
    let offset = 4 * Int(outcome)
    let open = Section.prefixOutcomes.byte(offset)
    let close = Section.prefixOutcomes.byte(offset + 1)
    return Found(
      group: close == 0xFF ? nil : Int(open)..<Int(close), end: Int(Section.prefixOutcomes.byte(offset + 2)))
  }
}

/// Longest-prefix tables; see `ops/phone-data/prefixes.py`.
enum PrefixTable {
  private static let leaf: UInt32 = 0x80_0000
  private static let noRecord: UInt32 = 0x7F_FFFF

  /// The record for the longest prefix of calling code and `digits`, starting where the calling code ended.
  @inline(__always)
  static func record(from entry: UInt32, _ digits: Digits, headers: Section, entries: Section) -> Int? {
    let headers = headers.start
    let entries = entries.start
    var value = entry
    var position = 0
    while value & leaf == 0 {
      let column = position < digits.count ? UInt32(digits[position]) : 10
      position += 1
      let header = headers.load(fromByteOffset: 4 * Int(value), as: UInt32.self)
      let runs = header & ((1 << column) - 1) & 0x3FF
      let index = Int(header >> 10) + runs.nonzeroBitCount
      value = entries.loadUnaligned(fromByteOffset: 3 * index, as: UInt32.self) & 0xFF_FFFF
    }
    let record = value & noRecord
    return record == noRecord ? nil : Int(record)
  }
}
