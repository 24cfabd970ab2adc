/// Markup with its links led through addresses of ours, and a picture in it that tells when it is looked at.
///
/// Nothing else changes, not by a byte: mail programs differ in what they forgive. Tags are told from text as WHATWG HTML, 13.2.5, has
/// it; what stands between `<!--[if mso]>` and `<![endif]-->` is markup, since a program reads it.
public struct LinkedHTML {
  /// - Parameters:
  ///   - clicks: what to put in the place of an address that an `<a>` leads to, given as `MailLink.isFit` has it: the web's only, decoded,
  ///     in ASCII. Its own argument leaves it as it was.
  ///   - pixel: the address of a picture, put before `</body>` or at the end.
  public static func tracking(_ html: String, clicks: ((String) -> String)? = nil, pixel: String? = nil) -> String {
    var linked = LinkedHTML(bytes: Array(html.utf8), clicks: clicks)
    linked.walk()
    if let pixel {
      let image = #"<img src="\#(escaped(pixel))" width="1" height="1" alt="" style="border:0">"#
      linked.out.insert(contentsOf: image.utf8, at: linked.bodyEnd ?? linked.out.count)
    }
    return String(decoding: linked.out, as: UTF8.self)
  }

  private let bytes: [UInt8]
  private let clicks: ((String) -> String)?
  private var at = 0
  /// What is written, and as far as what is read has been copied to it.
  private var out: [UInt8] = []
  private var copied = 0
  /// Where the last `</body>` is in what is written.
  private var bodyEnd: Int?

  private init(bytes: [UInt8], clicks: ((String) -> String)?) {
    self.bytes = bytes
    self.clicks = clicks
    out.reserveCapacity(bytes.count + bytes.count / 4)
  }

  private mutating func copy(to end: Int) {
    out += bytes[copied..<end]
    copied = end
  }

  // MARK: Tags

  private mutating func walk() {
    while let open = next(UInt8(ascii: "<")) {
      at = open + 1
      if stands("!--") {
        skipComment()
      } else if stands("!") || stands("?") {
        skip(past: ">")
      } else if stands("/") {
        at += 1
        guard isAtLetter else { continue }
        if takeName() == "body" {
          copy(to: open)
          bodyEnd = out.count
        }
        takeAttributes(of: "")
      } else if isAtLetter {
        let name = takeName()
        takeAttributes(of: name)
        if LinkedHTML.rawElements.contains(name) { skipRaw(name) }
      }
    }
    copy(to: bytes.count)
  }

  /// What holds no tags. In mail nothing runs, so that `noscript` is read.
  private static let rawElements: Set = [
    "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext",
  ]

  private mutating func skipComment() {
    if stands("!--[if") { return skip(past: ">") }
    at += 3
    if stands(">") || stands("->") { return skip(past: ">") }
    while let end = next(UInt8(ascii: "-")) {
      at = end
      if stands("-->") || stands("--!>") { return skip(past: ">") }
      at += 1
    }
    at = bytes.count
  }

  private mutating func skipRaw(_ name: String) {
    while name != "plaintext", let end = next(UInt8(ascii: "<")) {
      at = end + 1
      guard stands("/" + name) else { continue }
      let behind = end + 2 + name.utf8.count
      guard behind < bytes.count, isSpace(bytes[behind]) || "/>".utf8.contains(bytes[behind]) else { continue }
      at = behind
      return takeAttributes(of: "")
    }
    at = bytes.count
  }

  private mutating func takeName() -> String { take { !isSpace($0) && !"/>".utf8.contains($0) } }

  private mutating func takeAttributes(of element: String) {
    var isLinked = element != "a" || clicks == nil
    while true {
      while at < bytes.count, isSpace(bytes[at]) || bytes[at] == UInt8(ascii: "/") { at += 1 }
      guard at < bytes.count else { return }
      guard bytes[at] != UInt8(ascii: ">") else {
        at += 1
        return
      }
      // A sign of equality may begin a name.
      let first = at
      at += 1
      _ = take { !isSpace($0) && !"/>=".utf8.contains($0) }
      let name = String(decoding: bytes[first..<at].map(\.lowered), as: UTF8.self)
      skipSpaces()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "=") else { continue }
      at += 1
      skipSpaces()
      guard let (whole, value) = takeValue() else { return }
      if !isLinked, name == "href" {
        link(whole, value)
        // The first of a name counts.
        isLinked = true
      }
    }
  }

  /// With the quotation marks, and without; nil where it has no end, or the tag has one.
  private mutating func takeValue() -> (Range<Int>, Range<Int>)? {
    guard at < bytes.count else { return nil }
    let quote = bytes[at]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      let start = at
      at += 1
      guard let end = next(quote) else {
        at = bytes.count
        return nil
      }
      at = end + 1
      return (start..<at, start + 1..<end)
    }
    let start = at
    _ = take { !isSpace($0) && $0 != UInt8(ascii: ">") }
    return (start..<at, start..<at)
  }

  private mutating func link(_ whole: Range<Int>, _ value: Range<Int>) {
    guard let clicks, let url = WebAddress.read(bytes[value]) else { return }
    let through = clicks(url)
    guard through != url else { return }
    copy(to: whole.lowerBound)
    out += "\"\(LinkedHTML.escaped(through))\"".utf8
    copied = whole.upperBound
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;").replacing(
      ">", with: "&gt;")
  }

  // MARK: Reading

  private func next(_ byte: UInt8) -> Int? { at < bytes.count ? bytes[at...].firstIndex(of: byte) : nil }

  private func stands(_ text: String) -> Bool {
    text.utf8.count <= bytes.count - at && zip(bytes[at...], text.utf8).allSatisfy { $0.lowered == $1 }
  }

  private mutating func skip(past text: String) { at = next(text.utf8.first!).map { $0 + 1 } ?? bytes.count }

  private mutating func skipSpaces() { while at < bytes.count, isSpace(bytes[at]) { at += 1 } }

  private var isAtLetter: Bool { at < bytes.count && bytes[at].isLetter }

  private mutating func take(while isPart: (UInt8) -> Bool) -> String {
    let start = at
    while at < bytes.count, isPart(bytes[at]) { at += 1 }
    return String(decoding: bytes[start..<at].map(\.lowered), as: UTF8.self)
  }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == .blank || (0x09...0x0D).contains(byte) && byte != 0x0B }
