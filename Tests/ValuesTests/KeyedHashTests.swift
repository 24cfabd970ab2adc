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

  @Test("one hash makes codes of many messages, long and empty ones, on several threads, as a new one would")
  func usedAgain() async {
    let lengths = [0, 1, 63, 64, 65, 55_000]
    let expected = lengths.map { Self.code(KeyedHash(key: Array("Jefe".utf8)), $0) }
    #expect(Set(expected).count == lengths.count)
    let found = await withTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<4 { group.addTask { [hash] in (0..<300).flatMap { _ in lengths.map { Self.code(hash, $0) } } } }
      return await group.reduce(into: [[UInt8]]()) { $0 += $1 }
    }
    #expect(found.count == 7_200)
    #expect(zip(found.indices, found).allSatisfy { $1 == expected[$0 % lengths.count] })
  }

  /// RFC 4231 has no empty key; by RFC 2104 it is as good as one of zeros.
  @Test("an empty key is taken") func emptyKey() {
    #expect(Self.code(KeyedHash(key: []), 5) == Self.code(KeyedHash(key: [0]), 5))
  }

  private static func code(_ hash: KeyedHash, _ length: Int) -> [UInt8] {
    [UInt8](repeating: 7, count: length).withUnsafeBytes { hash.code(of: $0) }
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
