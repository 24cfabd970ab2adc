internal import Fax
internal import Gateways
internal import HTTP
internal import Mail
internal import Outreach
internal import Programs
internal import Runtime
internal import Settings
internal import Values

/// Faxes: laid out by programs that run beside the lane, and handed over to their gateways once they are pages.
final class FaxCalls {
  /// What is to be done once a fax is pages.
  enum Delivery {
    case http(TextCalls.Call)
    case mail(MailCalls.Call)
  }

  private enum Step {
    /// Which characters fonts have, asked once.
    case letters
    /// Parts that are laid out, and those that are to be.
    case layout(done: [[UInt8]], left: [Program])
    case joining
    /// As PDF, for a gateway that is not HylaFAX.
    case document
    case sendFax
  }

  private struct Fax {
    let message: DueMessage
    let pages: FaxPages
    let order: FaxPages.Order
    let gateway: GatewayDescription
    let notAfter: Duration
    let reference: String
    let number: Int64
    var step: Step
    /// The lane ends: what was not handed over is given back.
    var isLeft = false

    var isSent: Bool { if case .sendFax = step { true } else { false } }
  }

  private let programs = Programs()
  /// nil until fontconfig has told.
  private var letters: FaxLetters?
  private let texts: TextCalls
  private let mails: MailCalls
  private var faxes: [Int64: Fax] = [:]
  private var ended: [(message: Int64, ending: EndedCall.Ending)] = []

  init(_ texts: TextCalls, _ mails: MailCalls) {
    self.texts = texts
    self.mails = mails
  }

  /// Nothing has to be looked after.
  var isIdle: Bool { programs.isEmpty && ended.isEmpty }

  func begin(_ message: DueMessage, _ pages: FaxPages, _ gateway: GatewayDescription, notAfter: Duration)
    throws(Refused)
  {
    guard let number = message.phone else {
      throw Refused(kind: .message, code: "not-a-fax", detail: "it cannot be sent as a fax")
    }
    guard !FaxPages.isTooLong(message.body) else {
      throw Refused(kind: .message, code: "too-long", detail: "a fax has at most \(FaxPages.mostLines) lines")
    }
    let reference = MessageReference(message: message.id, attempt: message.attempt + 1).description
    let order = FaxPages.Order(
      to: "+\(number)", text: message.body, reference: reference, at: Timestamp(milliseconds: WallClock.milliseconds))
    let fax = Fax(
      message: message, pages: pages, order: order, gateway: gateway, notAfter: notAfter, reference: reference,
      number: number, step: .letters)
    faxes[message.id] = fax
    if let letters {
      try layOut(fax, letters)
    } else {
      programs.begin(FaxLetters.listing, as: message.id, within: notAfter - BootClock.now)
    }
  }

  private func layOut(_ fax: Fax, _ letters: FaxLetters) throws(Refused) {
    let missing = letters.missing(in: fax.pages.said(fax.order))
    guard missing.isEmpty else {
      faxes[fax.message.id] = nil
      let shown = missing.map { "U+" + String($0.value, radix: 16, uppercase: true) }.joined(separator: " ")
      throw Refused(kind: .message, code: "no-letters", detail: "no font of this machine has \(shown)")
    }
    let layouts = fax.pages.layouts(fax.order)
    faxes[fax.message.id]?.step = .layout(done: [], left: Array(layouts.dropFirst()))
    programs.begin(layouts[0], as: fax.message.id, within: fax.notAfter - BootClock.now)
  }

  func takeEnded() -> [(message: Int64, ending: EndedCall.Ending)] {
    defer { ended = [] }
    return ended
  }

  /// What is not handed over yet never will be by this lane.
  func leave() {
    for id in faxes.keys { faxes[id]?.isLeft = true }
  }

  /// Goes on with whatever can go on. What it answers is to be put to its gateway now, until its time.
  func proceed() -> [(message: DueMessage, gateway: GatewayDescription, delivery: Delivery, notAfter: Duration)] {
    var ready: [(message: DueMessage, gateway: GatewayDescription, delivery: Delivery, notAfter: Duration)] = []
    for (id, end) in programs.takeEnded() {
      guard let fax = faxes.removeValue(forKey: id) else { continue }
      if fax.isLeft, !fax.isSent {
        ended.append((id, .given(back: Reason("sender-ended"))))
        continue
      }
      do throws(Refused) {
        guard let delivery = try proceed(fax, end) else { continue }
        ready.append((fax.message, fax.gateway, delivery, fax.notAfter))
      } catch {
        ended.append((id, .refused(error)))
      }
    }
    return ready
  }

  private func proceed(_ fax: Fax, _ end: ProgramEnd) throws(Refused) -> Delivery? {
    var fax = fax
    let id = fax.message.id
    switch fax.step {
    case .letters:
      let found = FaxLetters(try output(of: end))
      letters = found
      faxes[id] = fax
      try layOut(fax, found)
      return nil
    case .layout(let done, let left):
      let parts = done + [try output(of: end)]
      let next = left.first ?? fax.pages.joining(parts)
      fax.step = left.isEmpty ? .joining : .layout(done: parts, left: Array(left.dropFirst()))
      programs.begin(next, as: id, within: fax.notAfter - BootClock.now)
    case .joining:
      let pages = try output(of: end)
      guard let hylafax = fax.gateway.hylafax else {
        fax.step = .document
        programs.begin(FaxPages.document(pages), as: id, within: fax.notAfter - BootClock.now)
        break
      }
      guard BootClock.now <= fax.notAfter else {
        ended.append((id, .given(back: Reason("moment-passed"))))
        return nil
      }
      fax.step = .sendFax
      let program = hylafax.sendFax.program(
        pages, to: "+\(fax.number)", reference: fax.reference, within: fax.gateway.limits.total,
        until: fax.message.deadline.map {
          .seconds(Int64($0.seconds(since: Timestamp(milliseconds: WallClock.milliseconds))))
        })
      // It ends by itself before.
      programs.begin(program, as: id, within: fax.gateway.limits.total + .seconds(5))
    case .document:
      let pages = try output(of: end)
      switch fax.gateway.way {
      case .http(let http): return .http(try texts.call(fax.message, pages: pages, http, fax.gateway))
      case .mail(let mail): return .mail(try mails.call(fax.message, pages: pages, mail, fax.gateway))
      case .hylafax: return nil
      }
    case .sendFax:
      ended.append((id, ending(fax, SendFax.verdict(end))))
      return nil
    }
    faxes[id] = fax
    return nil
  }

  /// Pages that do not come about are our own fault, whoever they are for: they wait until somebody has seen to it.
  private func output(of end: ProgramEnd) throws(Refused) -> [UInt8] {
    let sentence: String
    switch end {
    case .exited(0, let output, _) where !output.isEmpty: return output
    case .exited(let status, _, let errors):
      let said = String(decoding: errors, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
      sentence = "it ended with \(status): \(said.prefix(200))"
    case .died(let signal, _): sentence = "it was killed by signal \(signal)"
    case .timedOut:
      // Later there may be less to do here; tried often enough, it is that text which cannot be laid out.
      throw Refused(kind: .later, code: "no-pages", detail: "the fax could not be laid out in time")
    case .notStarted(let why): sentence = why
    }
    throw Refused(kind: .gateway, code: "no-pages", detail: "the fax could not be laid out: \(sentence)")
  }

  /// The server tells of a job by its tag, which is our reference: its own numbers may begin anew.
  private func ending(_ fax: Fax, _ verdict: SendFax.Verdict) -> EndedCall.Ending {
    func shown(_ sentence: String) -> String { sentence.replacing("\(fax.number)", with: "***") }
    switch verdict {
    case .accepted: return .accepted(ids: [fax.reference], cost: fax.gateway.price)
    case .unreached(let sentence): return .notSent(code: "unconnected", shown(sentence))
    case .unknown(let sentence): return .unknown(shown(sentence))
    }
  }
}
