internal import Glibc
internal import PhoneNumbers
internal import Values

/// `phone`: what a number is, a line each.
enum Phone {
  static let command = Command(
    name: "phone", summary: "say of each phone number what it is and where it is from", operands: "[FILE|-]",
    operandCount: 0...1,
    options: [
      CommandOption("--country", "CC", "the country that national forms are of (ISO 3166-1); none by default"),
      CommandOption("--version", nil, "print the version of libphonenumber that the data came from"),
    ],
    details: """
      Reads a number a line and prints, separated by tabs: input, E.164, country, ISO 3166-2 region, place in English,
      place in Chinese, time zones, kind, reason; - where there is none. What each means is libphonenumber's. A number
      that cannot exist has a reason in place of its E.164; one that can be dialled within its area only has both.
      """,
    examples: [
      ("echo '+86 139 1234 5678' | millrace phone", "one number"),
      ("millrace phone --country CN leads.txt", "a file, with national forms of mainland China"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    if invocation.flag("--version") {
      invocation.output.write(PhoneDataVersion.library + "\n")
      return .done
    }
    var country: PhoneCountry?
    if let code = invocation.text("--country") {
      country = PhoneCountry(code)
      guard country != nil else {
        throw Failure.usage("--country is \(shown(code)), which is no country with phone numbers of its own.")
      }
    }
    try answer(invocation.operands.first ?? "-", in: country)
    return .done
  }

  private static func failed(_ file: String) -> Failure {
    .no("\(shown(file)): \(String(cString: strerror(errno))).")
  }

  private static func answer(_ file: String, in country: PhoneCountry?) throws(Failure) {
    let input = file == "-" ? STDIN_FILENO : open(file, O_RDONLY)
    guard input >= 0 else { throw failed(file) }
    defer { if input != STDIN_FILENO { close(input) } }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var lines = PhoneLines(in: country)
    var output: [UInt8] = []
    while true {
      let count = read(input, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failed(file) }
      lines.answer(chunk[..<count], to: &output)
      if count == 0 { lines.finish(to: &output) }
      // Answered as it is typed, or in pieces of a chunk.
      guard send(output) else {
        // A reader that has gone (`| head`) wants no more.
        if errno == EPIPE { return }
        throw failed("standard output")
      }
      output.removeAll(keepingCapacity: true)
      if count == 0 { return }
    }
  }

  /// Bytes as they came: an input line need not be UTF-8.
  private static func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
