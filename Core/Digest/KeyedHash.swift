internal import CCrypto

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) by libcrypto under one secret key: for facts that must be found again but not
/// read again, and for signatures.
public struct KeyedHash: Sendable {
  private let key: [UInt8]

  public init(key: [UInt8]) { self.key = key }

  /// The whole code, 32 bytes.
  public func code(of message: UnsafeRawBufferPointer) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let done = HMAC(
      EVP_sha256(), key, Int32(key.count), message.bindMemory(to: UInt8.self).baseAddress, message.count, &code, &length
    )
    precondition(done != nil && length == 32, "libcrypto could not make an HMAC")
    return code
  }

  /// The first sixteen bytes: enough to find a fact again.
  public func fingerprint(of text: String) -> Fingerprint {
    var text = text
    return text.withUTF8 { fingerprint(of: UnsafeRawBufferPointer($0)) }
  }

  public func fingerprint(of message: UnsafeRawBufferPointer) -> Fingerprint {
    code(of: message).withUnsafeBytes { bytes in
      Fingerprint(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  /// Whether `code` is this message's, compared in constant time.
  public func isCode(_ code: [UInt8], of message: UnsafeRawBufferPointer) -> Bool {
    let right = self.code(of: message)
    return code.count == right.count && CRYPTO_memcmp(code, right, right.count) == 0
  }
}
