public import Digest
public import Postgres
public import Settings

extension Setting<Secret> {
  /// The firm's key for ID numbers. One for all programs, and for ever: under another, nobody is found again.
  public static var identityKey: Setting {
    Setting(
      "IDENTITY_KEY", .secret("a secret of at least 32 bytes") { $0.utf8.count >= 32 },
      "key under which ID numbers are hashed, the same for all programs and for ever")
  }
}

/// What hashes ID numbers.
public struct IdentityKey: Sendable {
  private let hash: KeyedHash

  public init(_ secret: Secret) { hash = KeyedHash(key: Array(secret.reveal().utf8)) }

  public init(_ settings: Settings) { self.init(settings[.identityKey]) }

  /// What stands in `customer.identity` and `lead.identity`.
  public func fingerprint(of number: IDNumber) -> Fingerprint {
    hash.fingerprint(of: "id \(number.kind.rawValue) \(number.text)")
  }

  /// Of data in which an ID number stands by its fingerprint alone: nobody who reads it can try numbers out.
  public func fingerprint(ofData data: [UInt8]) -> Fingerprint {
    data.withUnsafeBytes { hash.fingerprint(of: $0) }
  }

  /// The first program to come leaves a mark of its key in the database; one with another key is told so instead of
  /// finding nobody.
  public func check(_ transaction: Transaction) throws(PostgresError) {
    guard try !compare(transaction) else { return }
    _ = try transaction.rows("insert into identity_key (mark) values ($1) on conflict do nothing") {
      $0.fingerprint(mark)
    }
    try compare(transaction)
  }

  /// For those who only read: false where no program has left a mark yet.
  @discardableResult
  public func compare(_ transaction: Transaction) throws(PostgresError) -> Bool {
    guard let row = try transaction.rows("select mark from identity_key").first else { return false }
    guard row.fingerprint(0) == mark else {
      throw .unfit("IDENTITY_KEY is not the key under which this database's ID numbers are hashed")
    }
    return true
  }

  private var mark: Fingerprint { hash.fingerprint(of: "mark of the key") }
}
