/// The room that knows libcurl. Nothing else in the product imports `CCurl`.
///
/// What holds here:
/// - A `Transfers` belongs to one thread, and all of libcurl's callbacks run on it, inside `perform`, `cancelAll` or `deinit`.
///   The only other threads are libcurl's own, one for each name that is being resolved.
/// - Nothing here blocks but `wait`.
/// - A request goes out once at most. libcurl asks before each sending (`CURLOPT_PREREQFUNCTION`), the one that it would
///   make by itself when a connection that it used again dies included; the second is forbidden, and so is one that comes too
///   late. What libcurl asked and was told is the proof of `notSent`; its error codes only say why.
/// - A mail's content goes out once at most, after the same gate. libcurl makes and keeps the connection, with TLS and login;
///   what is said about mails is said here (`SMTPDialogue`).
/// - Nothing is taken from the environment: no proxy, no `.netrc`, no cookies; no redirect is followed.
/// - No error text carries a path, a query, a header, an address or a body.
///
/// Compiled against libcurl 7.88 or newer.
internal import CCurl

public enum HTTPLibrary {
  /// The library that is loaded and what it does TLS with, such as `libcurl/7.88.1 OpenSSL/3.0.19 …`; not of the headers.
  public static var version: String { String(cString: curl_version()) }

  /// libcurl's own beginning, once a process. It wants no other thread beside it where it was built without atomics; all
  /// builds since 7.84 have them on the systems that this runs on.
  static let begun: Void = {
    let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    precondition(code == CURLE_OK, "libcurl does not start: \(describe(code))")
  }()

  static func describe(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
}
