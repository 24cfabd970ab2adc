import Glibc
import Synchronization

/// Runs `body` on so many threads at once and waits for all; the first error of any is thrown.
func together<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) throws -> [Value] {
  let results = Results<Value>()
  var threads: [pthread_t] = []
  for number in 0..<count {
    let work = Unmanaged.passRetained(Work { results.add(Result { try body(number) }) })
    var thread = pthread_t()
    let made = pthread_create(
      &thread, nil,
      {
        Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body()
        return nil
      },
      work.toOpaque())
    precondition(made == 0, "no thread could be made")
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
  return try results.all().map { try $0.get() }
}

private final class Work {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

private final class Results<Value: Sendable>: Sendable {
  private let results = Mutex<[Result<Value, any Error>]>([])
  func add(_ result: Result<Value, any Error>) { results.withLock { $0.append(result) } }
  func all() -> [Result<Value, any Error>] { results.withLock { $0 } }
}
