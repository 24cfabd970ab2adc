internal import Glibc
internal import Synchronization

/// The thread of one lane. The lane was made on the starting thread and is used by this one alone from then on.
final class LaneThread: Sendable {
  private let isDone = Atomic<Bool>(false)

  init(_ lane: any Lane) {
    let start = Unmanaged.passRetained(Start(lane: lane, thread: self))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    // Half of the default: deep recursion is nowhere, and untouched pages cost nothing.
    pthread_attr_setstacksize(&attributes, 4 << 20)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let made = pthread_create(
      &thread, &attributes,
      { start in
        guard let start else { return nil }
        let (lane, thread) = Unmanaged<Start>.fromOpaque(start).takeRetainedValue().parts
        lane.run()
        thread.isDone.store(true, ordering: .releasing)
        return nil
      }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(made == 0, "no thread can be started: errno \(made)")
  }

  /// Waits until all are done, but not beyond `bound` nor after `isImpatient`. Answers whether all are.
  static func join(_ threads: [LaneThread], within bound: Duration, isImpatient: () -> Bool) -> Bool {
    let deadline = Monotonic.now + bound
    while threads.contains(where: { !$0.isDone.load(ordering: .acquiring) }) {
      if isImpatient() || Monotonic.now > deadline { return false }
    }
    return true
  }

  private final class Start {
    let parts: (lane: any Lane, thread: LaneThread)
    init(lane: any Lane, thread: LaneThread) { parts = (lane, thread) }
  }
}
