import Digest
import Testing

@Suite struct HashAlgorithmTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// FIPS 180-4's examples.
  @Test("digests are the standard's")
  func digests() {
    #expect(hex(HashAlgorithm.sha1.hash(of: Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    #expect(hex(HashAlgorithm.sha1.hash(of: [])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(
      hex(HashAlgorithm.sha256.hash(of: []))
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  /// RFC 2202 and RFC 4231, test case 2 each.
  @Test("codes are the standard's, with an empty key and message too")
  func codes() {
    let key = Array("Jefe".utf8)
    let message = Array("what do ya want for nothing?".utf8)
    #expect(hex(HashAlgorithm.sha1.code(of: message, key: key)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    #expect(
      hex(HashAlgorithm.sha256.code(of: message, key: key))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      hex(HashAlgorithm.sha256.code(of: [], key: []))
        == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test("secrets are the same byte by byte")
  func same() {
    #expect(isSameSecret([1, 2], [1, 2]) && isSameSecret([], []))
    #expect(!isSameSecret([1, 2], [1, 3]) && !isSameSecret([1], [1, 2]) && !isSameSecret([], [1]))
  }
}
