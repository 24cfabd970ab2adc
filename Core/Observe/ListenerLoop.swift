internal import Glibc

/// What runs on the listener's thread: poll(2) over all sockets, and each connection's state machine.
///
/// It owns the listening socket and every connection's; all are closed when `run` returns.
final class ListenerLoop: Sendable {
  private struct Peer {
    /// Like no other's: answers that come late find nobody.
    let number: UInt64
    let descriptor: Int32
    var connection: Connection
    var isShut = false
  }

  /// Connections beyond the limit that are being told so at a time; more are closed without a word.
  private static let mostTurnedAway = 16

  private let socket: ListeningSocket
  private let signal: ListenerSignal
  private let answers: AnswerBox
  private let routes: Routes
  private let limits: Listener.Limits
  private let log: Log

  init(
    socket: ListeningSocket, signal: ListenerSignal, answers: AnswerBox, routes: Routes, limits: Listener.Limits,
    log: Log
  ) {
    self.socket = socket
    self.signal = signal
    self.answers = answers
    self.routes = routes
    self.limits = limits
    self.log = log
  }

  func run() {
    var peers: [Peer] = []
    var last: UInt64 = 0
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    var acceptAgain = Duration.zero  // after the system had no room for another descriptor
    var end: Duration?
    defer {
      for peer in peers { close(peer.descriptor) }
      signal.tellEnd()
    }
    var now = Moment.now()
    while true {
      let deadlines = peers.compactMap(\.connection.deadline) + [end].compactMap { $0 }
      let accepts = end == nil && now.sinceBoot >= acceptAgain
      let wakeUp = (end == nil && !accepts ? deadlines + [acceptAgain] : deadlines).min()
      var waits = [pollfd(fd: signal.descriptor, events: end == nil ? Int16(POLLIN) : 0, revents: 0)]
      waits.append(pollfd(fd: accepts ? socket.descriptor : -1, events: Int16(POLLIN), revents: 0))
      waits.append(pollfd(fd: answers.descriptor, events: Int16(POLLIN), revents: 0))
      waits += peers.map { pollfd(fd: $0.descriptor, events: $0.connection.events, revents: 0) }
      // Errors are EINTR, which cannot happen with all signals blocked, and faults of the arguments.
      poll(&waits, nfds_t(waits.count), wakeUp.map { milliseconds(from: now.sinceBoot, to: $0) } ?? -1)
      now = Moment.now()

      if waits[2].revents != 0 {
        let answered = answers.take()
        for index in peers.indices {
          if let response = answered[peers[index].number] { peers[index].connection.answered(response, at: now) }
        }
      }
      for index in peers.indices { serve(&peers[index], waits[index + 3].revents, &chunk, at: now) }
      if end == nil, let bound = signal.stopBound {
        end = now.sinceBoot + bound
        socket.close()
        for index in peers.indices {
          peers[index].connection.stop(at: now)
          serve(&peers[index], 0, &chunk, at: now)
        }
      } else if waits[1].revents != 0 {
        acceptAgain = accept(into: &peers, after: &last, at: now)
      }
      peers.removeAll { peer in
        if peer.connection.isOver { close(peer.descriptor) }
        return peer.connection.isOver
      }
      if let end, peers.isEmpty || now.sinceBoot >= end { return }
    }
  }

  /// Gives a connection what happened to it and does what it wishes.
  private func serve(_ peer: inout Peer, _ happened: Int16, _ chunk: inout [UInt8], at now: Moment) {
    if happened & Int16(POLLIN | POLLHUP | POLLERR) != 0, peer.connection.wantsToReceive {
      let count = recv(peer.descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        peer.connection.received(chunk[..<count], at: now)
      } else if count == 0 {
        peer.connection.receivedEnd(at: now)
      } else if errno != EAGAIN && errno != EINTR {
        peer.connection.broke()
      }
    } else if happened & Int16(POLLERR | POLLNVAL) != 0 {
      peer.connection.broke()
    }
    peer.connection.timePassed(at: now)
    while peer.connection.wantsToSend {
      let count = peer.connection.unsent.withUnsafeBytes {
        send(peer.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        peer.connection.sent(count, at: now)
      } else if errno == EAGAIN {
        break
      } else if errno != EINTR {
        peer.connection.broke()
      }
    }
    if peer.connection.hasFinishedSending, !peer.isShut {
      peer.isShut = true
      shutdown(peer.descriptor, Int32(SHUT_WR))
    }
    if let question = peer.connection.takeQuestion() {
      question.handle(question.request, Answering(answers, peer.number))
    }
  }

  /// Takes the clients that wait, a bounded number in one turn; returns when to do so again (at once, unless the system is out of descriptors).
  private func accept(into peers: inout [Peer], after last: inout UInt64, at now: Moment) -> Duration {
    for _ in 0..<64 {
      let descriptor = Glibc.accept(socket.descriptor, nil, nil)
      guard descriptor >= 0 else {
        switch errno {
        case EINTR, ECONNABORTED, EPROTO: continue
        case EAGAIN: return .zero
        default:
          log.warning(
            "no connection can be accepted for a second", ["reason": .text(String(cString: strerror(errno)))])
          return now.sinceBoot + .seconds(1)
        }
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      last += 1
      admit(descriptor, last, into: &peers, at: now)
    }
    return .zero
  }

  private func admit(_ descriptor: Int32, _ number: UInt64, into peers: inout [Peer], at now: Moment) {
    var limits = limits.connection
    limits.parser.bodyBytes = self.limits.bodyBytes
    var connection = Connection(limits: limits, routes: routes, at: now.sinceBoot)
    // One that has had its last answer counts no more, but there is a bound for all.
    let most = self.limits.connections + Self.mostTurnedAway
    let busy = peers.count { !$0.connection.hasFinishedSending }
    if busy >= self.limits.connections {
      let leastRest = self.limits.restBeforeGivingWay
      let hasRoom = endLongest(of: &peers) { $0.rest(at: now.sinceBoot).flatMap { $0 >= leastRest ? $0 : nil } }
      if !hasRoom { connection.turnAway(at: now) }
    }
    if peers.count >= most, !endLongest(of: &peers, by: { $0.linger(at: now.sinceBoot) }) {
      close(descriptor)
      return
    }
    // Bytes may be waiting already, and the answer to one turned away is.
    peers.append(Peer(number: number, descriptor: descriptor, connection: connection))
  }

  /// Ends the connection that has been in a state for longest; false where none is in it.
  private func endLongest(of peers: inout [Peer], by time: (Connection) -> Duration?) -> Bool {
    let candidates = peers.indices.compactMap { index in time(peers[index].connection).map { (time: $0, index: index) }
    }
    guard let longest = candidates.max(by: { $0.time < $1.time }) else { return false }
    close(peers.remove(at: longest.index).descriptor)
    return true
  }
}

extension Connection {
  fileprivate var events: Int16 {
    (wantsToReceive ? Int16(POLLIN) : 0) | (wantsToSend ? Int16(POLLOUT) : 0)
  }
}

/// Rounded up, so that the time has come when poll(2) returns.
private func milliseconds(from now: Duration, to then: Duration) -> Int32 {
  then <= now ? 0 : Int32(clamping: Int64((then - now) / .milliseconds(1)) + 1)
}
