public import Programs

/// Which characters this machine's fonts have. Pango leaves one out that no font has, without a word: a name with a hole in it is worse
/// than no fax.
public struct FaxLetters: Sendable, Hashable {
  private var ranges: [ClosedRange<UInt32>]

  /// Lists the characters of all fonts (fontconfig).
  public static let listing = Program("fc-list", [":", "charset"])

  /// What it wrote: a line a font, `:charset=20-7e a0 4e00-9fa5`, in hexadecimal.
  public init(_ listed: [UInt8]) {
    var all: [ClosedRange<UInt32>] = []
    for line in Set(listed.split(separator: UInt8(ascii: "\n"))) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      for piece in line[line.index(after: equals)...].split(separator: UInt8(ascii: " ")) {
        let ends = piece.split(separator: UInt8(ascii: "-")).map {
          UInt32(String(decoding: $0, as: UTF8.self), radix: 16)
        }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { continue }
        all.append(first...last)
      }
    }
    ranges = []
    for range in all.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  /// The first characters of the text that no font has; those that are not to be seen are not looked for.
  public func missing(in text: String, atMost most: Int = 5) -> [Unicode.Scalar] {
    var missing: [Unicode.Scalar] = []
    for scalar in text.unicodeScalars where !has(scalar) && !missing.contains(scalar) {
      missing.append(scalar)
      if missing.count == most { break }
    }
    return missing
  }

  private func has(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.properties.isWhitespace || scalar.properties.isDefaultIgnorableCodePoint { return true }
    if scalar.properties.generalCategory == .control { return true }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(scalar.value)
  }
}
