/// The long way from text to digits: any Unicode, `tel:` URIs, extensions, letters. Linear in at most 250 characters.
enum LongText {
  /// - Parameter digits: room for three times `Interpretation.room` digits.
  static func read(
    _ text: UnsafeRawBufferPointer, in region: NumberingRegion?, digits: UnsafeMutablePointer<UInt8>
  ) throws(PhoneNumber.Refusal) -> PhoneReading {
    // Both buffers are small enough to stay on the stack.
    let result: Result<PhoneReading, PhoneNumber.Refusal> = withUnsafeTemporaryAllocation(
      of: TextCharacter.self, capacity: PhoneText.longest
    ) { whole in
      withUnsafeTemporaryAllocation(of: TextCharacter.self, capacity: PhoneText.longest) { joined in
        do throws(PhoneNumber.Refusal) {
          guard let count = decode(text, into: whole) else { throw .tooLong }
          let candidate = try TelephoneURI.number(in: whole[0..<count], joined: joined)
          return .success(try read(candidate, in: region, digits: digits))
        } catch {
          return .failure(error)
        }
      }
    }
    return try result.get()
  }

  private static func read(
    _ candidate: Characters, in region: NumberingRegion?, digits: UnsafeMutablePointer<UInt8>
  ) throws(PhoneNumber.Refusal) -> PhoneReading {
    guard CharacterAutomaton.isViable(candidate) else { throw .notANumber }
    var number = candidate
    if let start = CharacterAutomaton.extensionStart(candidate) {
      let before = candidate[candidate.startIndex..<start]
      if CharacterAutomaton.isViable(before) { number = before }
    }
    let international = number.first?.isPlus ?? false
    let count = normalise(number, into: digits)
    return try Interpretation.read(
      international: international, Digits(start: digits, count: count), in: region,
      spare: digits + Interpretation.room)
  }

  /// With three letters or more it is a vanity number: letters count by their key, digits only if ASCII.
  private static func normalise(_ number: Characters, into digits: UnsafeMutablePointer<UInt8>) -> Int {
    var letters = 0
    for character in number where character.isLetter { letters += 1 }
    var count = 0
    for character in number {
      let digit = letters >= 3 ? character.key : character.digit
      if digit != 0xFF {
        digits[count] = digit
        count += 1
      }
    }
    return count
  }

  /// Unicode scalars, with U+FFFD for what is not UTF-8; nil if there are too many.
  private static func decode(
    _ text: UnsafeRawBufferPointer, into whole: UnsafeMutableBufferPointer<TextCharacter>
  ) -> Int? {
    // Four bytes at most make a character, so longer text need not be looked at.
    guard text.count <= 4 * PhoneText.longest else { return nil }
    var bytes = text.makeIterator()
    var decoder = UTF8()
    var count = 0
    while true {
      let scalar: UInt32
      switch decoder.decode(&bytes) {
      case .scalarValue(let value): scalar = value.value
      case .error: scalar = 0xFFFD
      case .emptyInput: return count
      }
      guard count < PhoneText.longest else { return nil }
      whole[count] = TextCharacter(scalar)
      count += 1
    }
  }
}
