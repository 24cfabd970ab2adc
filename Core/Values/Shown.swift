/// What was typed or read, quoted on one line: 80 characters at most.
public func shown(_ text: String) -> String {
  "\"\(text.count > 80 ? text.prefix(80) + "…" : printable(text)[...])\""
}

/// On one line and harmless to a terminal: control characters, and marks that turn the direction of writing, are
/// written as escapes. What came from outside could hold them.
public func printable(_ text: String) -> String {
  let isHarmless: (Unicode.Scalar) -> Bool = { scalar in
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
    case .format: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
    default: true
    }
  }
  if text.unicodeScalars.allSatisfy(isHarmless) { return text }
  return text.unicodeScalars.map { isHarmless($0) ? String($0) : "\\u{\(String($0.value, radix: 16))}" }.joined()
}
