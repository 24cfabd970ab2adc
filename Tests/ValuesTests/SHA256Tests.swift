import Digest
import Testing

@Suite struct SHA256Tests {
  private func fingerprint(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let value = bytes.withUnsafeBytes { SHA256().fingerprint(of: $0) }
    return [value.high, value.low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  @Test(
    "the first half of FIPS 180-4's known answers",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb924"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223"),
      ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039"),
      (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67"),
    ])
  func knownAnswers(text: String, expected: String) {
    #expect(fingerprint(text) == expected)
  }

  @Test("pieces add up to the whole, and a context is good for the next digest")
  func pieces() {
    let digest = SHA256()
    let whole = Array("source\u{1F}id".utf8)
    let expected = whole.withUnsafeBytes { digest.fingerprint(of: $0) }
    for _ in 0..<3 {
      digest.begin()
      for byte in whole { withUnsafeBytes(of: byte) { digest.add($0) } }
      #expect(digest.end() == expected)
    }
    digest.begin()
    digest.add(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(digest.end().short == Int64(bitPattern: 0xe3b0_c442_98fc_1c14))
  }
}
