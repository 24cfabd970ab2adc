/// What answers a method at a path. Handlers run one after another on the listener's thread: one that waits holds up
/// every other, so it has to be quick or have a bound of its own.
public struct Route: Sendable {
  let method: Request.Method
  let path: String
  let handle: @Sendable (Request) -> Response

  /// A GET route answers HEAD too.
  public init(_ method: Request.Method, _ path: String, _ handle: @escaping @Sendable (Request) -> Response) {
    precondition(path.hasPrefix("/") && !path.contains("?"), "a route's path begins with a slash and has no query")
    self.method = method
    self.path = path
    self.handle = handle
  }
}

/// Takes a request on the listener's thread, quickly, and leaves the answer to whoever has it: at once or later, from any thread.
public typealias LateHandler = @Sendable (Request, Answering) -> Void

/// How a request is answered.
enum Handling {
  case atOnce(Response)
  case later(LateHandler)
}

/// All routes of a listener.
struct Routes: Sendable {
  private let byPath: [String: [Request.Method: @Sendable (Request) -> Response]]
  /// Takes whatever has no route, of every method.
  private let others: LateHandler?

  init(_ routes: [Route], others: LateHandler? = nil) {
    self.others = others
    var byPath: [String: [Request.Method: @Sendable (Request) -> Response]] = [:]
    for route in routes {
      precondition(byPath[route.path]?[route.method] == nil, "\(route.method.rawValue) \(route.path) is routed twice")
      byPath[route.path, default: [:]][route.method] = route.handle
    }
    self.byPath = byPath
  }

  func handling(of request: Request) -> Handling {
    guard let methods = byPath[request.path] else {
      return others.map { .later($0) } ?? .atOnce(.text("There is nothing at this path.", status: 404))
    }
    if let handle = methods[request.method] ?? (request.method == .head ? methods[.get] : nil) {
      return .atOnce(handle(request))
    }
    let allowed = Request.Method.allCases.filter { methods[$0] != nil || ($0 == .head && methods[.get] != nil) }
    return .atOnce(
      .text(
        "This path does not answer \(request.method.rawValue).", status: 405,
        fields: ["Allow": allowed.map(\.rawValue).joined(separator: ", ")]))
  }
}
