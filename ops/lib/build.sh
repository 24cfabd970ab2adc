# Sourced by the scripts in ops/: how the executables are built, so that test and demo share one build.

# The executables as they are shipped: optimised, with Swift's library inside, without the tests' sabotage.
BUILD_RELEASE=(swift build -c release --static-swift-stdlib)

# Where that leaves them.
RELEASE="$MILLRACE_TOP/.build/release"

need_swift() {
  command -v swift >/dev/null && return
  complain "there is no Swift on PATH: install Swift 6.2 or later first, nothing else is needed beforehand."
  return 1
}
