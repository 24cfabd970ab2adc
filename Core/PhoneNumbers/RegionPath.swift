/// A place in the order in which rules name it: `CN`, `CN-GD` (ISO 3166-2), `CN-GD/Shenzhen`.
///
/// A small integer into the embedded data, ordered as the texts are, so that everything inside a region lies in one
/// range: comparing and `contains` cost no more than comparing integers. The integer changes with the data; what is
/// stored is the text.
public struct RegionPath: Hashable, Sendable {
  let index: UInt16

  init(index: UInt16) { self.index = index }

  private var offset: Int { 8 * Int(index) }

  /// - Returns: nil if no phone number is of such a region.
  public init?(_ text: some StringProtocol) {
    let wanted = Array(text.utf8)
    var low = 0
    var high = Section.paths.size / 8
    while low < high {
      let middle = (low + high) / 2
      let here = Array(RegionPath(index: UInt16(middle)).description.utf8)
      if here == wanted {
        self.init(index: UInt16(middle))
        return
      }
      if here.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// Every region that some phone number is of.
  public static var all: [RegionPath] { (0..<Section.paths.size / 8).map { RegionPath(index: UInt16($0)) } }

  /// The region around this one; nil for a country.
  public var parent: RegionPath? {
    let parent = Section.paths.short(offset)
    return parent == 0xFFFF ? nil : RegionPath(index: parent)
  }

  /// Whether `other` is this region or lies in it.
  public func contains(_ other: RegionPath) -> Bool {
    index <= other.index && other.index < Section.paths.short(offset + 2)
  }

  /// The region and those around it, the innermost first: three at most.
  public var ancestry: some Sequence<RegionPath> {
    sequence(first: self) { $0.parent }
  }

  /// `CN`, `CN-GD` or `Shenzhen`.
  public var name: String {
    let bytes = Text(index: Section.paths.short(offset + 4)).bytes
    return String(decoding: bytes.prefix(Int(Section.paths.short(offset + 6))), as: UTF8.self)
  }

  var isCountry: Bool { parent == nil }

  /// ISO 3166-2 codes are written with their country's, a city is not.
  var isSubdivision: Bool {
    guard let parent, parent.isCountry else { return false }
    let country = Text(index: Section.paths.short(parent.offset + 4)).bytes
    let own = Text(index: Section.paths.short(offset + 4)).bytes
    return own.count > country.count && own.starts(with: country) && own[country.count] == UInt8(ascii: "-")
  }
}

extension RegionPath: Comparable {
  public static func < (one: RegionPath, other: RegionPath) -> Bool { one.index < other.index }
}

extension RegionPath: CustomStringConvertible {
  public var description: String {
    guard let parent else { return name }
    return isSubdivision ? name : "\(parent)/\(name)"
  }
}
