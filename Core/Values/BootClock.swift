internal import Glibc

/// The steady clock of this machine: since it was started, time asleep included, so that what was asked for before a pause is
/// known to be old after it. No change of the time of day touches it, and it tells nothing to other machines.
/// Source: clock_gettime(2), CLOCK_BOOTTIME.
public enum BootClock {
  public static var now: Duration {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return .seconds(Int64(now.tv_sec)) + .nanoseconds(Int64(now.tv_nsec))
  }
}
