// libFuzzer's entry. Compiled together with Core/PhoneNumbers, in one module, by `run` beside this file.

/// The first byte picks a default country, the rest is a text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let region = Section.regions.size / 36
  let country = PhoneCountry(region: NumberingRegion(index: start[0]))
  let isCountry = start[0] < region && country.code.utf8.count == 2
  let text = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
  do throws(PhoneNumber.Refusal) {
    let number = try PhoneNumber(parsing: text, in: isCountry ? country : nil)
    precondition(PhoneNumber(digits: number.digits) == number)
    let place = number.place
    precondition(place.kind != .unknown || place.english == nil && place.timeZones.isEmpty)
    if let path = place.regionPath { precondition(path.ancestry.contains { $0.description == place.country?.code }) }
    precondition(place.timeZones.names.allSatisfy { !$0.isEmpty } && place.carrier != "" && place.chinese != "")
  } catch {
    precondition(PhoneNumber.Refusal.allCases.contains(error))
  }
  return 0
}
