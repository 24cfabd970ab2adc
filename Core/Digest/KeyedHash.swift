internal import CCrypto
internal import Synchronization

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) by libcrypto under one secret key: for facts that must be found again but not
/// read again, and for signatures.
public struct KeyedHash: Sendable {
  private let keyed: Keyed

  public init(key: [UInt8]) { keyed = Keyed(key) }

  /// The whole code, 32 bytes.
  public func code(of message: UnsafeRawBufferPointer) -> [UInt8] { keyed.code(of: message) { [UInt8]($0) } }

  /// The first sixteen bytes: enough to find a fact again.
  public func fingerprint(of text: String) -> Fingerprint {
    var text = text
    return text.withUTF8 { fingerprint(of: UnsafeRawBufferPointer($0)) }
  }

  public func fingerprint(of message: UnsafeRawBufferPointer) -> Fingerprint {
    keyed.code(of: message) { code in
      Fingerprint(
        high: UInt64(bigEndian: code.load(as: UInt64.self)),
        low: UInt64(bigEndian: code.load(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  /// Whether `code` is this message's, compared in constant time.
  public func isCode(_ code: [UInt8], of message: UnsafeRawBufferPointer) -> Bool {
    keyed.code(of: message) { right in
      code.count == right.count && CRYPTO_memcmp(code, right.baseAddress, right.count) == 0
    }
  }
}

/// One context with the key in it, used again for every message: to fetch the algorithm and take the key in anew costs more than
/// the code of a short message does.
private final class Keyed: Sendable {
  /// Under the lock.
  nonisolated(unsafe) private let context: OpaquePointer
  private let lock = Mutex(())

  init(_ key: [UInt8]) {
    guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
      preconditionFailure("libcrypto has no HMAC")
    }
    EVP_MAC_free(algorithm)
    self.context = context
    var digest = Array("SHA256".utf8CString)
    let done = digest.withUnsafeMutableBufferPointer { name in
      let parameters = [OSSL_PARAM_construct_utf8_string("digest", name.baseAddress, 0), OSSL_PARAM_construct_end()]
      return EVP_MAC_init(context, key, key.count, parameters)
    }
    precondition(done == 1, "libcrypto could not take a key")
  }

  deinit { EVP_MAC_CTX_free(context) }

  func code<Result>(of message: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
      lock.withLock { _ in write(codeOf: message, to: out) }
      return body(UnsafeRawBufferPointer(out))
    }
  }

  private func write(codeOf message: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer) {
    var length = 0
    // Without a key: the one that it has.
    let done =
      EVP_MAC_init(context, nil, 0, nil) == 1
      && EVP_MAC_update(context, message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
      && EVP_MAC_final(context, out.bindMemory(to: UInt8.self).baseAddress, &length, out.count) == 1
    precondition(done && length == 32, "libcrypto could not make an HMAC")
  }
}
