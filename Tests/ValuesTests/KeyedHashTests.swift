import Digest
import Testing

@Suite("Keyed hash") struct KeyedHashTests {
  /// RFC 4231, test case 2.
  private let hash = KeyedHash(key: Array("Jefe".utf8))
  private let message = Array("what do ya want for nothing?".utf8)
  private let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

  @Test("the code is the one of RFC 4231") func code() {
    let code = message.withUnsafeBytes { hash.code(of: $0) }
    let digits = code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(digits == expected)
    #expect(hash.fingerprint(of: "what do ya want for nothing?").high == 0x5bdc_c146_bf60_754e)
  }

  @Test("another byte or another key is not the code") func tampered() {
    var code = message.withUnsafeBytes { hash.code(of: $0) }
    #expect(message.withUnsafeBytes { hash.isCode(code, of: $0) })
    #expect(!message.withUnsafeBytes { KeyedHash(key: [1]).isCode(code, of: $0) })
    #expect(!message.withUnsafeBytes { hash.isCode(Array(code.dropLast()), of: $0) })
    code[31] ^= 1
    #expect(!message.withUnsafeBytes { hash.isCode(code, of: $0) })
  }
}
