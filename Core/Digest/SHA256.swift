internal import CCrypto

/// SHA-256 (FIPS 180-4) by libcrypto. One context is kept and used again, because fetching the algorithm anew costs
/// more than hashing an event does. Not shared between threads.
public final class SHA256 {
  private let context: OpaquePointer
  private let algorithm: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new(), let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
      preconditionFailure("libcrypto has no SHA-256")
    }
    self.context = context
    self.algorithm = algorithm
  }

  deinit {
    EVP_MD_CTX_free(context)
    EVP_MD_free(algorithm)
  }

  public func begin() {
    let done = EVP_DigestInit_ex2(context, algorithm, nil)
    precondition(done == 1, "libcrypto could not begin a digest")
  }

  public func add(_ bytes: UnsafeRawBufferPointer) {
    let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(done == 1, "libcrypto could not add to a digest")
  }

  /// The first sixteen bytes of the digest: enough to tell events apart.
  public func end() -> Fingerprint {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
      finish(out)
      return Fingerprint(
        high: UInt64(bigEndian: out.load(as: UInt64.self)),
        low: UInt64(bigEndian: out.load(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  /// The whole digest, 32 bytes.
  public func endWhole() -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
      finish(out)
      return [UInt8](out)
    }
  }

  private func finish(_ out: UnsafeMutableRawBufferPointer) {
    let done = EVP_DigestFinal_ex(context, out.bindMemory(to: UInt8.self).baseAddress, nil)
    precondition(done == 1, "libcrypto could not end a digest")
  }

  public func fingerprint(of bytes: UnsafeRawBufferPointer) -> Fingerprint {
    begin()
    add(bytes)
    return end()
  }
}

/// The first 128 bits of a SHA-256 digest. PostgreSQL keeps it as `uuid`, its only fixed 16-byte type.
public struct Fingerprint: Hashable, Sendable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A digest is as good as random: half of it is hash enough.
  public func hash(into hasher: inout Hasher) { hasher.combine(low) }

  /// The first 64 bits as PostgreSQL's `bigint`.
  public var short: Int64 { Int64(bitPattern: high) }
}
