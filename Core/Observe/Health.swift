/// What a supervisor and Prometheus ask a process.
///
/// - `/live`: 200 as long as the listener's thread runs. It asks nothing of anybody.
/// - `/ready`: 200, or 503 with one sentence for each thing that is not ready; as JSON where the client accepts it.
/// - `/metrics`: Prometheus' text.
public enum Health {
  /// `notReady` is called on the listener's thread for each question; it has to be quick. Empty means ready.
  public static func routes(metrics: Metrics, notReady: @escaping @Sendable () -> [String]) -> [Route] {
    [
      Route(.get, "/live") { _ in .text("live", fields: uncached) },
      Route(.get, "/ready") { request in readiness(notReady(), asJSON: prefersJSON(request)) },
      Route(.get, "/metrics") { _ in
        Response(
          200, type: "text/plain; version=0.0.4; charset=utf-8", fields: uncached,
          body: Array(metrics.exposition().utf8))
      },
    ]
  }

  private static var uncached: KeyValuePairs<String, String> { ["Cache-Control": "no-store"] }

  private static func prefersJSON(_ request: Request) -> Bool {
    request.field("accept")?.lowercased().contains("application/json") == true
  }

  private static func readiness(_ reasons: [String], asJSON: Bool) -> Response {
    let status = reasons.isEmpty ? 200 : 503
    let sentences = reasons.map(Masker.mask)
    guard asJSON else {
      return .text(sentences.isEmpty ? "ready" : sentences.joined(separator: "\n"), status: status, fields: uncached)
    }
    let list = sentences.map { sentence in
      var quoted = ""
      quoted.appendQuoted(sentence)
      return quoted
    }
    return .json("{\"ready\":\(reasons.isEmpty),\"reasons\":[\(list.joined(separator: ","))]}", status: status)
  }
}
