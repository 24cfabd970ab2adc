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
  /// - Parameters:
  ///   - bound: killed after it even where nobody is left to kill it: nothing is asked of the server later.
  ///   - deadline: from now on; the server does not dial after it.
  public func program(
    _ document: [UInt8], to number: String, reference: String, within bound: Duration, until deadline: Duration? = nil
  ) -> Program {
    let longest = min(Duration.seconds(3600 * hours), deadline ?? .seconds(3600 * hours))
    return Program(
      "timeout",
      [
        "--signal=KILL", "\(max(1, bound.components.seconds))", "sendfax", "-n", "-R", "-h", server, "-i", reference,
        "-T", "\(dials)", "-k", "now + \(max(1, longest.components.seconds / 60)) minutes", "-o", "millrace", "-d",
        number,
        Program.file(0),
      ], files: [document])
  }

  public enum Verdict: Sendable, Hashable {
    /// The server has the job, under this number.
    case accepted(job: String)
    /// Proof that it has not: nothing was asked of the server.
    case unreached(String)
    /// Neither is proved.
    case unknown(String)
  }

  /// What its end proves. It prints the job's number once the server has answered for it (JSUBM); whatever fails before is said on
  /// its errors.
  public static func verdict(_ end: ProgramEnd) -> Verdict {
    switch end {
    case .notStarted(let sentence): return .unreached(sentence)
    case .died(let signal, let output):
      return job(in: String(decoding: output, as: UTF8.self)).map { .accepted(job: $0) }
        ?? .unknown("sendfax was killed by signal \(signal)")
    case .timedOut(let output):
      return job(in: String(decoding: output, as: UTF8.self)).map { .accepted(job: $0) }
        ?? .unknown("sendfax did not end in time")
    case .exited(let status, let output, let errors):
      let said = String(decoding: output, as: UTF8.self)
      let complaint = shortened(String(decoding: errors, as: UTF8.self) + said)
      if let job = job(in: said) { return .accepted(job: job) }
      guard status != 0 else { return .unknown("sendfax named no job: \(complaint)") }
      if SendFax.faultsBefore.contains(where: { complaint.contains($0) }) { return .unreached(complaint) }
      return .unknown("sendfax ended with \(status): \(complaint)")
    }
  }

  // A job is asked for (JNEW, JSUBM) after the login and after its documents are over: whatever fails before leaves none.
  // Source: the messages of libhylafax 6.0.

  private static let faultsBefore = [
    "Can not reach ", "Can not create socket", "getaddrinfo failed", "Unable to open data connection",
    "Unable to initialize data connection", "Document transfer failed", "Can not locate your password entry",
    "Login failed", "Admin failed", "Can not determine file type", "Can not open", "Can not stat file",
    "Can not create temporary file", "Unable to setup file typing",
    // It was never run (timeout(1)).
    "failed to run command",
  ]

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
