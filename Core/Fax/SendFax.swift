public import Programs

/// HylaFAX's own client: hands a document over to the server that dials.
public struct SendFax: Sendable, Hashable {
  /// `host:port` of hfaxd.
  public let server: String
  /// How often it dials before it gives up, and the longest that it tries, as in `now + 4 hours`.
  public let dials: Int
  public let hours: Int

  public init(server: String, dials: Int, hours: Int) {
    (self.server, self.dials, self.hours) = (server, dials, hours)
  }

  /// The reference is the job's tag, by which the server tells of it later. No cover of its own; what becomes of it
  /// is told to the server's notify command.
  public func program(_ document: [UInt8], to number: String, reference: String) -> Program {
    Program(
      "sendfax",
      [
        "-n", "-R", "-h", server, "-i", reference, "-T", "\(dials)", "-k", "now + \(hours) hours", "-o", "millrace",
        "-d", number, Program.file(0),
      ], files: [document])
  }

  public enum Verdict: Sendable, Hashable {
    /// The server has the job, under this number.
    case accepted(job: String)
    /// Proof that it has not: nothing was asked of the server.
    case unreached(String)
    /// Proof that it has not and will not: what it said.
    case refused(String)
    /// Neither is proved.
    case unknown(String)
  }

  /// What its end proves. It prints the job's number once the server has answered for it (JSUBM); whatever fails before is said on
  /// its errors.
  public static func verdict(_ end: ProgramEnd) -> Verdict {
    switch end {
    case .notStarted(let sentence): return .unreached(sentence)
    case .died(let signal): return .unknown("sendfax was killed by signal \(signal)")
    case .timedOut: return .unknown("sendfax did not end in time")
    case .exited(let status, let output, let errors):
      let said = String(decoding: output, as: UTF8.self)
      let complaint = shortened(String(decoding: errors, as: UTF8.self) + said)
      if let job = job(in: said) { return .accepted(job: job) }
      guard status != 0 else { return .unknown("sendfax named no job: \(complaint)") }
      if SendFax.faultsBefore.contains(where: { complaint.contains($0) }) { return .unreached(complaint) }
      if SendFax.refusals.contains(where: { complaint.contains($0) }) { return .refused(complaint) }
      return .unknown("sendfax ended with \(status): \(complaint)")
    }
  }

  // A job is asked for (JNEW, JSUBM) after the login and after its documents are over: whatever fails before leaves none.
  // Source: the messages of libhylafax 6.0.

  private static let faultsBefore = [
    "Can not reach ", "Can not create socket", "getaddrinfo failed", "Unable to open data connection",
    "Unable to initialize data connection", "Document transfer failed", "Can not locate your password entry",
    "Login failed", "Admin failed",
  ]
  private static let refusals = ["Can not determine file type", "Can not open", "Can not stat file"]

  /// "request id is 12 (group id 12) for host localhost (1 file)"
  private static func job(in said: String) -> String? {
    for line in said.split(separator: "\n") {
      guard line.hasPrefix("request id is ") else { continue }
      let digits = line.dropFirst("request id is ".count).prefix { $0.isASCII && $0.isNumber }
      if !digits.isEmpty { return String(digits) }
    }
    return nil
  }

  private static func shortened(_ text: String) -> String {
    String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(300))
  }
}
