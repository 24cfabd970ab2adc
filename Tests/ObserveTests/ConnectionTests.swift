import Seeding
import Testing

@testable import Observe

/// A connection, a clock, and what came out of it.
private struct Talk {
  var connection: Connection
  var now = Duration.seconds(1000)

  /// - Parameter late: whether what has no route is answered later.
  init(
    limits: Connection.Limits = Connection.Limits(parser: RequestParser.Limits(bodyBytes: 100)), late: Bool = false
  ) {
    let routes = Routes(
      [
        Route(.get, "/live") { _ in .text("live") },
        Route(.get, "/large") { _ in .text(String(repeating: "x", count: 100_000)) },
        Route(.post, "/echo") { Response(200, body: $0.body) },
        Route(.get, "/none") { _ in Response(204) },
      ], others: late ? Talk.later : nil)
    connection = Connection(limits: limits, routes: routes, at: now)
  }

  private static let later: LateHandler = { _, _ in }

  var moment: Moment { Moment(unixMilliseconds: 0, sinceBoot: now) }
  mutating func receive(_ text: String) { connection.received(Array(text.utf8), at: moment) }

  mutating func pass(_ time: Duration) {
    now += time
    connection.timePassed(at: moment)
  }

  /// Takes what is unsent, in pieces of `count`.
  mutating func take(_ count: Int = .max) -> String {
    var taken: [UInt8] = []
    while connection.wantsToSend {
      let piece = connection.unsent.prefix(count)
      taken += piece
      connection.sent(piece.count, at: moment)
    }
    return String(decoding: taken, as: UTF8.self)
  }
}

private let live = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
private let answer =
  "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
  + "Content-Length: 5\r\n\r\nlive\n"

@Suite struct ConnectionTests {
  @Test("requests are answered in order over one connection, however they arrive")
  func keepAlive() {
    var talk = Talk()
    talk.receive(live + live)
    #expect(talk.take(7) == answer + answer)
    for byte in live.unicodeScalars { talk.receive(String(byte)) }
    #expect(talk.take() == answer)
    #expect(talk.connection.wantsToReceive && !talk.connection.isOver)
  }

  @Test("HEAD is told the length and gets no body; 204 has neither")
  func bodiless() {
    var talk = Talk()
    talk.receive("HEAD /live HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(talk.take() == answer.dropLast(5))
    talk.receive("GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(talk.take() == "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n")
  }

  @Test("a body within the bound reaches the handler, 100 Continue first where it is waited for")
  func body() {
    var talk = Talk()
    talk.receive("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    #expect(talk.take() == "HTTP/1.1 100 Continue\r\n\r\n")
    talk.receive("hello")
    #expect(talk.take().hasSuffix("Content-Length: 5\r\n\r\nhello"))
  }

  @Test("an unknown path is 404, another method 405 with those allowed, and the connection stays")
  func routing() {
    var talk = Talk()
    talk.receive("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(talk.take().hasPrefix("HTTP/1.1 404 Not Found\r\n"))
    talk.receive("DELETE /live HTTP/1.1\r\nHost: x\r\n\r\n")
    let refused = talk.take()
    #expect(refused.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n") && refused.contains("\r\nAllow: GET, HEAD\r\n"))
    #expect(talk.connection.wantsToReceive)
  }

  @Test("an HTTP/1.0 client is told that the connection stays, or it ends")
  func oldClient() {
    var talk = Talk()
    talk.receive("GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(talk.take().contains("\r\nConnection: keep-alive\r\n"))
    talk.receive("GET /live HTTP/1.0\r\n\r\n")
    #expect(talk.take().contains("\r\nConnection: close\r\n"))
    #expect(talk.connection.hasFinishedSending)
  }

  @Test("a refused request ends the connection: answer, shut, drop what still comes, over at the client's end")
  func refused() {
    var talk = Talk()
    talk.receive("nonsense\r\n\r\n" + live)
    #expect(!talk.connection.hasFinishedSending)
    let said = talk.take()
    #expect(said.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && said.contains("\r\nConnection: close\r\n"))
    #expect(!said.contains("live\n"))
    #expect(talk.connection.hasFinishedSending && talk.connection.wantsToReceive)
    talk.receive(live)
    #expect(!talk.connection.wantsToSend && !talk.connection.isOver)
    talk.connection.receivedEnd(at: talk.moment)
    #expect(talk.connection.isOver)
  }

  @Test("lingering has a bound in bytes and in time")
  func linger() {
    var talk = Talk()
    talk.receive("nonsense\r\n")
    _ = talk.take()
    for _ in 0..<64 { talk.receive(String(repeating: "x", count: 1024)) }
    #expect(talk.connection.isOver)
    talk = Talk()
    talk.receive("nonsense\r\n")
    _ = talk.take()
    talk.pass(.milliseconds(999))
    #expect(!talk.connection.isOver)
    talk.pass(.milliseconds(1))
    #expect(talk.connection.isOver)
  }

  @Test("a request that trickles in is cut off with 408 after ten seconds from its first byte")
  func slowLoris() {
    var talk = Talk()
    talk.pass(.seconds(9))
    for byte in "GET /live HTTP/1.1\r\n".unicodeScalars.prefix(9) {
      talk.receive(String(byte))
      talk.pass(.milliseconds(1111))
      #expect(!talk.connection.wantsToSend)
    }
    talk.pass(.milliseconds(1))
    #expect(talk.take().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    #expect(talk.connection.hasFinishedSending)
  }

  @Test("a body that trickles in is cut off too")
  func slowBody() {
    var talk = Talk()
    talk.receive("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell")
    talk.pass(.seconds(10))
    #expect(talk.take().hasPrefix("HTTP/1.1 408 "))
  }

  @Test("a connection that says nothing ends silently: after ten seconds when new, after sixty between requests")
  func rest() {
    var talk = Talk()
    talk.pass(.milliseconds(9999))
    #expect(!talk.connection.isOver)
    talk.pass(.milliseconds(1))
    #expect(talk.connection.isOver && !talk.connection.wantsToSend)
    talk = Talk()
    talk.receive(live)
    _ = talk.take()
    talk.pass(.milliseconds(59_999))
    #expect(!talk.connection.isOver)
    #expect(talk.connection.rest(at: talk.now) == .milliseconds(59_999))
    talk.pass(.milliseconds(1))
    #expect(talk.connection.isOver)
  }

  @Test("a client that does not take its answers holds up only itself, and not for ever")
  func slowReader() {
    var talk = Talk()
    talk.receive(String(repeating: "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", count: 100))
    #expect(talk.connection.unsent.count < 200_000)
    #expect(!talk.connection.wantsToReceive)
    talk.pass(.seconds(29))
    talk.connection.sent(1, at: talk.moment)
    talk.pass(.seconds(1))
    #expect(talk.connection.isOver)
    talk = Talk()
    talk.receive(String(repeating: "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", count: 100))
    #expect(talk.take(9999).split(separator: "HTTP/1.1 200 OK").count == 100)
  }

  @Test("a client that only shuts its sending side still gets its answers")
  func halfClosed() {
    var talk = Talk()
    talk.receive(live + "GET /li")
    talk.connection.receivedEnd(at: talk.moment)
    #expect(!talk.connection.isOver)
    #expect(talk.take() == answer)
    #expect(talk.connection.isOver)
    talk = Talk()
    talk.connection.receivedEnd(at: talk.moment)
    #expect(talk.connection.isOver)
  }

  @Test("when the listener stops, what is answered is sent, an unfinished request gets 503, and a resting one ends")
  func stop() {
    var talk = Talk()
    talk.receive(live)
    talk.connection.stop(at: talk.moment)
    #expect(talk.take() == answer)
    #expect(talk.connection.hasFinishedSending)
    talk = Talk()
    talk.receive("GET /li")
    talk.connection.stop(at: talk.moment)
    #expect(talk.take().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
    talk = Talk()
    talk.connection.stop(at: talk.moment)
    #expect(talk.connection.isOver)
  }

  @Test("what is answered later holds up what comes behind it, and nothing more is read meanwhile")
  func later() {
    var talk = Talk(late: true)
    talk.receive(live + "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" + live)
    #expect(talk.take() == answer)
    let question = talk.connection.takeQuestion()
    #expect(question?.request.path == "/later" && question?.request.body == Array("hi".utf8))
    #expect(talk.connection.takeQuestion() == nil && !talk.connection.wantsToReceive)
    #expect(talk.connection.rest(at: talk.now) == nil)
    talk.pass(.seconds(59))
    #expect(talk.take() == "")
    talk.connection.answered(.text("live"), at: talk.moment)
    #expect(talk.take() == answer + answer)
    #expect(talk.connection.wantsToReceive && !talk.connection.isOver)
  }

  @Test("a handler that never answers is a 503 after a minute, and its answer is dropped then")
  func neverAnswered() {
    var talk = Talk(late: true)
    talk.receive("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    _ = talk.connection.takeQuestion()
    talk.pass(.seconds(60))
    #expect(talk.take().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
    #expect(talk.connection.hasFinishedSending)
    talk.connection.answered(.text("live"), at: talk.moment)
    #expect(talk.take() == "")
  }

  @Test("when the listener stops, who waits for an answer still gets it, and then the end")
  func stopWhileAsked() {
    var talk = Talk(late: true)
    talk.receive("HEAD /later HTTP/1.1\r\nHost: x\r\n\r\n" + live)
    _ = talk.connection.takeQuestion()
    talk.connection.stop(at: talk.moment)
    #expect(!talk.connection.isOver && !talk.connection.wantsToSend)
    talk.connection.answered(.text("live"), at: talk.moment)
    let said = talk.take()
    #expect(said.hasPrefix("HTTP/1.1 200 OK\r\n") && said.contains("\r\nConnection: close\r\n"))
    #expect(!said.contains("live\n") && talk.connection.hasFinishedSending)
  }

  @Test("a header field of a response cannot hold a line break")
  func splitting() {
    let response = Response(302, fields: ["Location": "/x\r\nSet-Cookie: y"])
    let text = String(decoding: response.encoded(withBody: true, .keepAlive, at: 0), as: UTF8.self)
    #expect(text.contains("\r\nLocation: /x  Set-Cookie: y\r\n"))
  }

  @Test("random talk with random times never traps and always ends")
  func fuzz() {
    var chance = Seeded()
    let said = [
      live, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", "GET",
      " /live HTTP/1.1\r\n", "Host: x\r\n\r\n", "\r\n", "\0",
    ]
    for _ in 0..<1000 {
      var talk = Talk(late: true)
      for _ in 0..<Int.random(in: 1...30, using: &chance) where !talk.connection.isOver {
        switch Int.random(in: 0...10, using: &chance) {
        case 10:
          if talk.connection.takeQuestion() != nil || Int.random(in: 0...3, using: &chance) == 0 {
            talk.connection.answered(.text("late"), at: talk.moment)
          }
        case 0...4: if talk.connection.wantsToReceive { talk.receive(said.randomElement(using: &chance)!) }
        case 5...6:
          let count = Int.random(in: 0...talk.connection.unsent.count, using: &chance)
          talk.connection.sent(count, at: talk.moment)
        case 7: talk.pass(.milliseconds(Int.random(in: 0...20_000, using: &chance)))
        case 8 where Int.random(in: 0...5, using: &chance) == 0: talk.connection.receivedEnd(at: talk.moment)
        case 9 where Int.random(in: 0...9, using: &chance) == 0: talk.connection.stop(at: talk.moment)
        default: break
        }
      }
      var rounds = 0
      while !talk.connection.isOver, rounds < 10 {
        let deadline = talk.connection.deadline
        #expect(deadline != nil, "nothing would ever end it")
        talk.now = max(talk.now, deadline ?? talk.now)
        talk.connection.timePassed(at: talk.moment)
        rounds += 1
        if rounds % 2 == 0 { _ = talk.take() }
      }
      #expect(talk.connection.isOver)
    }
  }
}
