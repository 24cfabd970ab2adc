internal import Observe
internal import Topics

/// Who asks for a link of a message: a person, a program on nobody's behalf, or nobody can tell.
///
/// Only what is known counts. A scanner that says it is a browser is one as far as anybody can see, and a provider that fetches
/// pictures in its readers' place does so when they read as well as before: both are unknown.
enum Visitor {
  static func agent(_ request: Request) -> OutreachReceipts.Engagement.Agent {
    if request.method == .head || Visitor.isAhead(request) { return .machine }
    guard let text = request.field("user-agent"), !text.isEmpty else { return .unknown }
    // A make of telephones, not a bot.
    let name = text.lowercased().replacing("cubot", with: "")
    // Apple's Mail Privacy Protection, which fetches every picture of every mail, says no more than this.
    if name == "mozilla/5.0" || Visitor.programs.contains(where: { name.contains($0) }) { return .machine }
    if Visitor.mailPrograms.contains(where: { name.contains($0) }) { return .person }
    return request.field("sec-fetch-user") == "?1" && request.field("sec-fetch-mode") == "navigate" ? .person : .unknown
  }

  /// Fetched before anybody has asked for it (Fetch, 3.2.7; older browsers' words for the same).
  private static func isAhead(_ request: Request) -> Bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].contains { field in
      request.field(field).map { value in
        let value = value.lowercased()
        return ["prefetch", "preview", "prerender"].contains { value.contains($0) }
      } ?? false
    }
  }

  /// Crawlers, previews, link checkers and libraries by what they call themselves.
  private static let programs = [
    "bot", "crawl", "spider", "preview", "facebookexternalhit", "headlesschrome", "phantomjs", "curl/", "wget/",
    "python", "go-http-client", "libwww", "java/", "apache-httpclient", "barracuda", "mimecast",
    "proofpoint", "safelinks",
  ]

  /// They show a mail to who reads it.
  private static let mailPrograms = ["thunderbird/", "ms-office", "microsoft outlook"]
}
