/// RFC 3966: `tel:863-1234;phone-context=+1-914-555`, and where a number may begin and end in any other text.
enum TelephoneURI {
  /// The part of `text` that is the number; with a `phone-context`, put together in `joined`.
  static func number(
    in text: Characters, joined: UnsafeMutableBufferPointer<TextCharacter>
  ) throws(PhoneNumber.Refusal) -> Characters {
    var number: Characters
    if let parameter = find(";phone-context=", in: text) {
      let start = parameter + 15
      let end = text[start...].firstIndex { $0 == ";" } ?? text.endIndex
      let context = text[start..<end]
      guard isValid(context: context) else { throw .notANumber }
      var count = 0
      if let first = context.first, first == "+" {
        for each in context {
          joined[count] = each
          count += 1
        }
      }
      let from = find("tel:", in: text).map { $0 + 4 } ?? text.startIndex
      if from < parameter {
        for each in text[from..<parameter] {
          joined[count] = each
          count += 1
        }
      }
      number = joined[0..<count]
    } else {
      number = possibleNumber(in: text)
    }
    // The subaddress and all behind it, unless there is nothing before it.
    if let subaddress = find(";isub=", in: number), subaddress > number.startIndex {
      number = number[number.startIndex..<subaddress]
    }
    return number
  }

  /// From the first plus or digit to the last letter, number or `#`, and not into a second number ("/ x302").
  private static func possibleNumber(in text: Characters) -> Characters {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start].isPlus || text[start].isDigit { break }
      start += 1
    }
    var end = text.endIndex
    while end > start, text[end - 1].isUnwantedAtEnd { end -= 1 }
    // A slash, spaces, an x. The spaces before an x belong to the last slash before it.
    var slash: Int?
    for position in start..<end {
      switch text[position].scalar {
      case "/", "\\": slash = position
      case " ": break
      case "x":
        if let slash { return text[start..<slash] }
      default: slash = nil
      }
    }
    return text[start..<end]
  }

  /// RFC 3966's global-number-digits or domainname.
  private static func isValid(context: Characters) -> Bool {
    guard let first = context.first else { return false }
    if first == "+" {
      var digits = false
      for each in context.dropFirst() {
        if each.isDigit {
          digits = true
        } else if !isVisualSeparator(each) {
          return false
        }
      }
      return digits
    }
    return isDomain(context.last.map { $0 == "." } ?? false ? context.dropLast() : context)
  }

  private static func isVisualSeparator(_ character: TextCharacter) -> Bool {
    switch character.scalar {
    case "-", ".", "(", ")": true
    default: false
    }
  }

  /// Labels of letters, digits and inner hyphens, the last one beginning with a letter.
  private static func isDomain(_ name: Characters) -> Bool {
    var atLabelStart = true
    var afterHyphen = false
    var lastBeganWithLetter = false
    for each in name {
      if each.isLetter || each.isDigit {
        if atLabelStart { lastBeganWithLetter = each.isLetter }
        atLabelStart = false
        afterHyphen = false
      } else if each == "-", !atLabelStart {
        afterHyphen = true
      } else if each == ".", !atLabelStart, !afterHyphen {
        atLabelStart = true
      } else {
        return false
      }
    }
    return !atLabelStart && !afterHyphen && lastBeganWithLetter
  }

  /// `needle` begins with a character that it holds only once, so that a failed match costs no second look.
  private static func find(_ needle: StaticString, in text: Characters) -> Int? {
    needle.withUTF8Buffer { needle in
      guard text.count >= needle.count else { return nil }
      return (text.startIndex...(text.endIndex - needle.count)).first { start in
        needle.indices.allSatisfy { UInt32(needle[$0]) == text[start + $0].scalar }
      }
    }
  }
}

/// Lets a `switch` over scalar values name ASCII characters.
private func ~= (character: Unicode.Scalar, scalar: UInt32) -> Bool { character.value == scalar }
