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

/// All routes of a listener.
struct Routes: Sendable {
  private let byPath: [String: [Request.Method: @Sendable (Request) -> Response]]

  init(_ routes: [Route]) {
    var byPath: [String: [Request.Method: @Sendable (Request) -> Response]] = [:]
    for route in routes {
      precondition(byPath[route.path]?[route.method] == nil, "\(route.method.rawValue) \(route.path) is routed twice")
      byPath[route.path, default: [:]][route.method] = route.handle
    }
    self.byPath = byPath
  }

  func answer(_ request: Request) -> Response {
    guard let methods = byPath[request.path] else { return .text("There is nothing at this path.", status: 404) }
    if let handle = methods[request.method] ?? (request.method == .head ? methods[.get] : nil) {
      return handle(request)
    }
    let allowed = Request.Method.allCases.filter { methods[$0] != nil || ($0 == .head && methods[.get] != nil) }
    return .text(
      "This path does not answer \(request.method.rawValue).", status: 405,
      fields: ["Allow": allowed.map(\.rawValue).joined(separator: ", ")])
  }
}
