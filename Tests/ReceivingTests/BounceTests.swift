import Gateways
import Glibc
import Mail
import Observe
import Testing
import Topics
import Values

@testable import Outreach
@testable import Receiving
@testable import Runtime

@Suite struct MaildirTests {
  private func folder(_ body: (Maildir) throws -> Void) throws {
    var template = Array("/tmp/millrace-maildir-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    for part in ["new", "cur", "tmp"] { mkdir("\(path)/\(part)", 0o700) }
    defer { _ = system("rm -r \(path)") }
    try body(Maildir(path: path))
  }

  private func write(_ bytes: [UInt8], _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  private func bytes(_ folder: Maildir, _ name: String) throws -> [UInt8]? {
    switch try folder.read(name) {
    case .mail(let bytes): return bytes
    case .gone: return nil
    case .unreadable(let error): throw error
    }
  }

  @Test("mails that cannot be read are told of once, hold no other up, and are dealt with once they can be")
  func unreadable() throws {
    try folder { folder throws in
      let metrics = Metrics(process: false)
      let lane = BounceLane(
        folder, Office.marks, GatewayShelf(), try WaitingCalls(), try BounceLane.Fates(), LaneStatus("bounces"),
        Stopping(), .silent, ReceivingMetrics(metrics))
      // More than are taken at once.
      for number in 1...300 {
        try write([1], "\(folder.path)/new/\(number)")
        chmod("\(folder.path)/new/\(number)", 0)
      }
      try write(Array("Subject: away\r\n\r\nback on Monday".utf8), "\(folder.path)/new/whole")
      for part in ["", "/new", "/cur"] { chmod("\(folder.path)\(part)", 0o777) }
      // Whoever may do everything may read everything: this thread alone is somebody else meanwhile (setfsuid(2)).
      let symbol = try #require(dlsym(nil, "setfsuid"))
      let become = unsafeBitCast(symbol, to: (@convention(c) (UInt32) -> Int32).self)
      _ = become(65_534)
      defer { _ = become(geteuid()) }
      for _ in 0..<2 {
        #expect(try lane.take())
        #expect(try folder.waiting(atMost: 1000).count == 300)
        #expect(metrics.exposition().contains("outcome=\"unreadable\"} 300\n"), "\(metrics.exposition())")
      }
      _ = become(geteuid())
      for number in 1...300 { chmod("\(folder.path)/new/\(number)", 0o600) }
      #expect(try lane.take())
      #expect(try folder.waiting(atMost: 1000).isEmpty)
    }
  }

  @Test("mails are read and moved, whatever else lies beside them, and what another has moved is gone")
  func moved() throws {
    try folder { folder throws in
      try write(Array("a mail".utf8), "\(folder.path)/new/1.a.mx")
      try write([], "\(folder.path)/new/2.b.mx:2,")
      try write([1], "\(folder.path)/new/.hidden")
      symlink("/etc/passwd", "\(folder.path)/new/3.link")
      mkfifo("\(folder.path)/new/4.pipe", 0o600)
      mkdir("\(folder.path)/new/5.folder", 0o700)
      #expect(try folder.waiting(atMost: 10).sorted() == ["1.a.mx", "2.b.mx:2,"])
      #expect(try folder.waiting(atMost: 1).count == 1)
      #expect(try bytes(folder, "1.a.mx") == Array("a mail".utf8))
      #expect(try bytes(folder, "2.b.mx:2,") == [])
      for name in ["3.link", "4.pipe", "5.folder", "6.none"] { #expect(try bytes(folder, name) == nil, "\(name)") }
      #expect(try folder.move("1.a.mx", .seen) && folder.move("2.b.mx:2,", .flagged))
      #expect(try !folder.move("1.a.mx", .seen))
      #expect(access("\(folder.path)/cur/1.a.mx:2,S", F_OK) == 0 && access("\(folder.path)/cur/2.b.mx:2,F", F_OK) == 0)
    }
  }

  @Test("no more than a megabyte of a mail is read")
  func large() throws {
    try folder { folder throws in
      try write([UInt8](repeating: 65, count: Maildir.mostBytes + 1000), "\(folder.path)/new/1")
      #expect(try bytes(folder, "1")?.count == Maildir.mostBytes)
    }
  }

  @Test("a folder that is not there is an error, and its path is said")
  func missing() throws {
    try folder { folder throws in
      rmdir("\(folder.path)/cur")
      try write([1], "\(folder.path)/new/1")
      #expect(throws: MaildirError.self) { try folder.move("1", .seen) }
      unlink("\(folder.path)/new/1")
      rmdir("\(folder.path)/new")
      let error = #expect(throws: MaildirError.self) { try folder.waiting(atMost: 1) }
      #expect(error?.description.contains("\(folder.path)/new") == true)
    }
  }
}

@Suite struct ReturnedMailTests {
  private func shelf(_ descriptions: String...) throws -> GatewayShelf {
    let shelf = GatewayShelf()
    let gateways = try descriptions.map { text in
      let description = try GatewayDescription(reading: text)
      return GatewayBook.Gateway(name: description.name, version: 1, isEnabled: true, description)
    }
    shelf.put([.email: GatewayBook(gateways)])
    return shelf
  }

  private static func server(_ name: String, _ bounces: String) -> String {
    #"{"name": "\#(name)", "channel": "email", "from": "a@firm.example", "bounces": "\#(bounces)", "smtp": {"url": "smtp://x:25"}}"#
  }

  private func notice(
    _ reference: String?, _ action: DeliveryNotice.Action = .failed, at address: String? = "b+{mark}@two.example"
  ) -> DeliveryNotice {
    DeliveryNotice(reference: reference, address: address, action: action, status: "5.1.1", diagnostic: "no such user")
  }

  private func texts(_ received: ReceivedEvents) -> [String] {
    received.events.map { "\($0.type) \(String(decoding: $0.value, as: UTF8.self))" }
  }

  @Test("a notice is a receipt of the gateway that it came back to, under our name of the mail")
  func notices() throws {
    let shelf = try shelf(Self.server("one", "b+{mark}@one.example"), Self.server("two", "B+{mark}@two.example"))
    let received = ReceivedEvents(
      .delivery([
        notice("m12.1"), notice("m13.2", .delayed), notice("m14.1", .relayed), notice("m15.1", .delivered, at: nil),
      ]), returnedTo: shelf)
    #expect(received.passedOver.isEmpty)
    #expect(
      texts(received) == [
        #"receipt.told {"gateway":"two","reference":"m12.1","status":"failed","code":"5.1.1","detail":"no such user"}"#,
        #"receipt.told {"gateway":"two","reference":"m13.2","status":"buffered","code":"5.1.1","detail":"no such user"}"#,
        #"receipt.told {"gateway":"two","reference":"m14.1","status":"accepted","code":"5.1.1","detail":"no such user"}"#,
        #"receipt.told {"gateway":"one","reference":"m15.1","status":"delivered","code":"5.1.1","detail":"no such user"}"#,
      ])
    let again = ReceivedEvents(.delivery([notice("m12.1")]), returnedTo: shelf)
    #expect(again.events[0].id == received.events[0].id, "the same whenever it is read")
  }

  @Test("a complaint is about a message, whatever attempt it was")
  func complaints() throws {
    let shelf = try shelf()
    for reference in ["m12.1", "m12"] {
      let received = ReceivedEvents(
        .complaint(Complaint(reference: reference, address: nil, kind: "abuse", arrivedAt: nil)), returnedTo: shelf)
      #expect(texts(received) == [#"recipient.complained {"message":12,"kind":"abuse"}"#])
    }
  }

  @Test("what bears no mark, and what no gateway could have sent, is passed over with the reason")
  func passedOver() throws {
    let shelf = try shelf(Self.server("one", "b+{mark}@one.example"))
    for (report, reason) in [
      (.delivery([notice(nil)]), "missing"), (.delivery([notice("m12")]), "missing"),
      (.complaint(Complaint(reference: nil, address: nil, kind: "abuse", arrivedAt: nil)), "missing"),
      (.unreadable(Refusal("empty", "there is no mail in it")), "empty"),
    ] as [(MailReport, String)] {
      let received = ReceivedEvents(report, returnedTo: shelf)
      #expect(received.events.isEmpty && received.passedOver.map(\.reason) == [reason])
    }
    let answer = ReceivedEvents(.answer(isAutomatic: true), returnedTo: shelf)
    #expect(answer.events.isEmpty && answer.passedOver.isEmpty)
    let byText = try self.shelf()
    byText.put([.sms: GatewayBook([try Office.gateway()])])
    #expect(
      ReceivedEvents(.delivery([notice("m12.1")]), returnedTo: byText).passedOver.map(\.reason) == ["unknown-gateway"])
    let nobodys = ReceivedEvents(.delivery([notice("m12.1")]), returnedTo: try self.shelf())
    #expect(nobodys.passedOver.map(\.reason) == ["unknown-gateway"])
  }
}
