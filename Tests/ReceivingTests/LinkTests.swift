import Mail
import TestKit
import Testing
import Topics

@testable import Observe
@testable import Receiving

private let url = "https://firm.example/funds?id=7&lang=zh"
private let unsubscribe = "/" + Office.marks.link(.unsubscribe, message: 12)
private let open = "/" + Office.marks.link(.open, message: 12)
private let click = "/" + Office.marks.link(.click, message: 12, url: url)

/// Serialized: each waits for brokers that do not answer.
@Suite("Links of messages, on their way to the broker", .serialized)
struct LinkTests {
  @Test(
    "a click goes where the message says, a picture is one, and one click or a button leaves; looking changes nothing")
  func followed() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts", partitions: 4)
      let office = try Office(cluster)
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      func ask(_ method: String, _ target: String, _ body: String = "") -> (status: Int, head: String, body: String) {
        caller.ask(method, target, body, fields: ["User-Agent: Mozilla/5.0 (X11)"])
        return caller.wholeAnswer(hasBody: method != "HEAD")
      }
      let clicked = ask("GET", click)
      #expect(clicked.status == 302 && clicked.head.contains("\r\nLocation: \(url)\r\n"), "\(clicked)")
      let opened = ask("GET", open + "?utm_source=x")
      #expect(opened.status == 200 && opened.head.contains("image/gif") && opened.body.hasPrefix("GIF89a"))
      #expect(opened.head.contains("no-store"))
      let page = ask("GET", unsubscribe)
      #expect(page.status == 200 && page.body.contains("<form method=\"post\">") && page.body.contains("退订"))
      #expect(page.head.contains("default-src 'none'") && !page.body.contains("<script"))
      #expect(ask("HEAD", unsubscribe).status == 200)
      // As Gmail does it (RFC 8058, 3.2), and as the page's own form does; behind a proxy that leaves its path.
      #expect(ask("POST", unsubscribe, "List-Unsubscribe=One-Click").status == 200)
      let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
      #expect(ask("POST", "/l" + unsubscribe, parts).status == 200)
      #expect(ask("POST", unsubscribe, "way=page").body.contains("已退订"))
      #expect(ask("HEAD", click).status == 302)
      let told = try told(cluster, 6)
      let values = told.map { "\($0.type) \($0.value.prefix { $0 != "," })\($0.value.contains("unknown") ? " ?" : "")" }
      #expect(
        values.sorted() == [
          #"recipient.clicked {"message":12"#, #"recipient.clicked {"message":12 ?"#,
          #"recipient.opened {"message":12 ?"#, #"recipient.unsubscribed {"message":12"#,
          #"recipient.unsubscribed {"message":12"#, #"recipient.unsubscribed {"message":12"#,
        ])
      #expect(Set(told.map(\.key)) == ["12"])
      #expect(told.filter { $0.value.contains(#""way":"one-click""#) }.count == 2)
      #expect(told.filter { $0.value.contains(#""agent":"machine""#) }.count == 1)
      #expect(office.count("shown", of: "link_visits_total") == 2)
    }
  }

  @Test("a link that we have not written leads nowhere, in whatever character it differs")
  func strangers() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let office = try Office(cluster)
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      let other = MessageMarks(secret: Array("of another".utf8))
      let targets = [
        "/" + other.link(.click, message: 12, url: "https://evil.example/"),
        "/" + other.link(.unsubscribe, message: 12),
        click.replacing("m12.", with: "m13."), unsubscribe.replacing("unsubscribe", with: "open"), click + "x",
        click + "/",
        "/" + click, "/click", "/unsubscribe/", String(open.dropLast()), "/open/" + String(repeating: "a", count: 5000),
        "/click/m12.\(String(repeating: "a", count: 16))/\(String(repeating: "A", count: 2700))",
      ]
      for target in targets {
        caller.ask("GET", target)
        let answer = caller.wholeAnswer()
        #expect(answer.status == 404 && !answer.head.contains("Location"), "\(target): \(answer.head)")
        #expect(caller.call("POST", target, "List-Unsubscribe=One-Click").status == 404)
      }
      for (method, target) in [("POST", click), ("POST", open), ("DELETE", unsubscribe), ("PUT", unsubscribe)] {
        #expect(caller.call(method, target).status == 405)
      }
      #expect(office.count("published", of: "link_visits_total") == 0)
    }
  }

  @Test("while the broker is silent people go on their way, and who wants no more is told to try again")
  func silent() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("outreach.receipts")
      let office = try Office(cluster, within: .seconds(20))
      defer { office.stop() }
      let caller = try Caller(office.listener.port)
      #expect(caller.call("GET", open).status == 200)
      try cluster.setDown()
      let began = ContinuousClock.now
      let others = try (0..<3).map { _ in try Caller(office.listener.port) }
      for (other, target) in zip(others, [click, open, unsubscribe]) {
        other.ask(target == unsubscribe ? "POST" : "GET", target)
      }
      #expect(others[0].answer().status == 302)
      #expect(others[1].answer().status == 200)
      let passed = ContinuousClock.now - began
      #expect(passed >= LinkReception.patience && passed < .seconds(20), "\(passed)")
      let refused = others[2].answer()
      #expect(refused.status == 503 && refused.body.contains("请稍后再试"))
      #expect(office.count("unpublished", of: "link_visits_total") > 0)
      try cluster.setUp()
      #expect(caller.until(200, "POST", unsubscribe, "List-Unsubscribe=One-Click"))
      #expect(try told(cluster, 2).map(\.type).contains("recipient.unsubscribed"))
    }
  }

  @Test("who asks for a link is a person or a program where that is known, and else unknown")
  func agents() {
    func agent(_ fields: [String: String], _ method: Request.Method = .get) -> OutreachReceipts.Engagement.Agent {
      Visitor.agent(
        Request(
          method: method, path: "/", query: "", fields: fields.map { Request.Field(name: $0.key, value: $0.value) },
          body: [],
          keepsAlive: true, isHTTP10: false))
    }
    let chrome =
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
    for (name, expected) in [
      ("Mozilla/5.0", .machine), ("Mozilla/5.0 (compatible; Googlebot/2.1)", .machine), ("curl/8.5.0", .machine),
      ("Slackbot-LinkExpanding 1.0", .machine), ("python-requests/2.31", .machine), ("BarracudaCentral", .machine),
      ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", .unknown),
      (chrome, .unknown), ("", .unknown), ("Mozilla/5.0 (Linux; Android 7.0; CUBOT_X18)", .unknown),
      ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.3", .person),
      ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", .person),
    ] as [(String, OutreachReceipts.Engagement.Agent)] {
      #expect(agent(["user-agent": name]) == expected, "\(name)")
    }
    #expect(agent([:]) == .unknown)
    #expect(agent(["user-agent": chrome], .head) == .machine)
    #expect(agent(["user-agent": chrome, "sec-purpose": "prefetch;prerender"]) == .machine)
    #expect(agent(["user-agent": chrome, "x-moz": "prefetch"]) == .machine)
    #expect(agent(["user-agent": chrome, "sec-fetch-user": "?1", "sec-fetch-mode": "navigate"]) == .person)
    #expect(agent(["user-agent": chrome, "sec-fetch-mode": "navigate"]) == .unknown)
  }
}
