import Glibc

enum ContinuousTimes {
  /// Seconds since 1970.
  static var now: Int { time(nil) }
}
