/// Numbers, a line each, that come in pieces, and what is known of each: its line again and eight columns behind it, apart by
/// tabs, `-` where there is nothing.
package struct PhoneLines {
  private let country: PhoneCountry?
  /// The beginning of a line whose end has not come yet.
  private var pending: [UInt8] = []

  /// - Parameter country: that of national forms.
  package init(in country: PhoneCountry?) { self.country = country }

  /// Answers the lines that end in this piece, to `output`.
  package mutating func answer(_ piece: ArraySlice<UInt8>, to output: inout [UInt8]) {
    var rest = piece
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      pending += rest[..<end]
      write(to: &output)
      rest = rest[(end + 1)...]
    }
    pending += rest
  }

  /// Answers a last line without an end.
  package mutating func finish(to output: inout [UInt8]) {
    if !pending.isEmpty { write(to: &output) }
  }

  private mutating func write(to output: inout [UInt8]) {
    let number = pending.last == UInt8(ascii: "\r") ? pending.dropLast() : pending[...]
    output += number
    for column in columns(of: number) {
      output.append(UInt8(ascii: "\t"))
      output += column.utf8
    }
    output.append(UInt8(ascii: "\n"))
    pending.removeAll(keepingCapacity: true)
  }

  private func columns(of number: ArraySlice<UInt8>) -> [String] {
    do throws(PhoneNumber.Refusal) {
      let reading = try PhoneReading(of: number, in: country)
      let place = PhonePlace(of: reading)
      let exists = [.possible, .localOnly].contains(reading.possibility)
      let zones = place.timeZones.joined
      return [
        exists ? reading.e164 : "-", place.country?.code ?? "-", place.subdivision ?? "-", place.english ?? "-",
        place.chinese ?? "-", zones.isEmpty ? "-" : zones, place.kind.name,
        reading.possibility == .possible ? "-" : reading.possibility.rawValue,
      ]
    } catch {
      return Array(repeating: "-", count: 7) + [error.rawValue]
    }
  }
}
