internal import CCrypto

/// What gateways sign with: FIPS 180-4, and HMAC over it (RFC 2104). SHA-1 only because some ask for nothing better.
public enum HashAlgorithm: String, Sendable, CaseIterable {
  case sha1, sha256

  private var length: Int { self == .sha1 ? 20 : 32 }
  private var implementation: OpaquePointer { self == .sha1 ? EVP_sha1() : EVP_sha256() }

  public func hash(of message: [UInt8]) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    let done = EVP_Digest(message, message.count, &hash, &written, implementation, nil)
    precondition(done == 1 && written == length, "libcrypto could not make a digest")
    return hash
  }

  public func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    let done = HMAC(implementation, key, Int32(key.count), message, message.count, &code, &written)
    precondition(done != nil && written == length, "libcrypto could not make an HMAC")
    return code
  }
}

/// Whether two secrets are the same, in a time that tells nothing of them but their lengths.
public func isSameSecret(_ one: [UInt8], _ other: [UInt8]) -> Bool {
  one.count == other.count && (one.isEmpty || CRYPTO_memcmp(one, other, one.count) == 0)
}
