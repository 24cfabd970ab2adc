import Glibc
import Testing

/// A Python program that reads all that it is given before it answers.
func python(_ program: String, reading input: [UInt8]) throws -> String {
  var (toProgram, fromProgram): ([Int32], [Int32]) = ([0, 0], [0, 0])
  try #require(pipe(&toProgram) == 0 && pipe(&fromProgram) == 0)
  for end in toProgram + fromProgram { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, toProgram[0], STDIN_FILENO)
  posix_spawn_file_actions_adddup2(&actions, fromProgram[1], STDOUT_FILENO)
  posix_spawn_file_actions_adddup2(&actions, fromProgram[1], STDERR_FILENO)
  let arguments: [String] = ["python3", "-c", program]
  var words = arguments.map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var process: pid_t = 0
  let code = posix_spawnp(&process, "python3", &actions, nil, &words, environ)
  close(toProgram[0])
  close(fromProgram[1])
  try #require(code == 0, "python3 does not start: errno \(code)")

  var rest = input[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(toProgram[1], $0.baseAddress, $0.count) }
    guard count > 0 else { break }
    rest = rest.dropFirst(count)
  }
  close(toProgram[1])
  var output: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 65536)
  while case let count = read(fromProgram[0], &room, room.count), count > 0 { output += room[..<count] }
  close(fromProgram[0])
  var status: Int32 = 0
  waitpid(process, &status, 0)
  let text = String(decoding: output, as: UTF8.self)
  try #require(status == 0, "\(text.suffix(2000))")
  return text
}
