// Usage: bench-phone FILE SECONDS
//
// FILE has `COUNTRY<tab>NUMBER` a line, COUNTRY empty for none. Goes over it again and again for SECONDS, on one
// thread, and prints name and value a line: what a pass comes to, so that it can be compared, and how fast it was.

internal import Allocations
internal import Glibc
internal import PhoneNumbers

struct Numbers {
  var bytes: [UInt8] = []
  var starts: [Int] = [0]
  var countries: [PhoneCountry?] = []

  mutating func add(_ line: [UInt8].SubSequence) {
    let tab = line.firstIndex(of: UInt8(ascii: "\t")) ?? line.startIndex
    countries.append(PhoneCountry(String(decoding: line[..<tab], as: UTF8.self)))
    bytes += line[tab...].dropFirst()
    starts.append(bytes.count)
  }
}

struct Pass {
  var read = 0
  var located = 0
  var zoned = 0
  var sum: Int64 = 0
}

func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

@inline(never)
func pass(over numbers: Numbers) -> Pass {
  var result = Pass()
  numbers.bytes.withUnsafeBytes { bytes in
    for index in numbers.countries.indices {
      let text = UnsafeRawBufferPointer(rebasing: bytes[numbers.starts[index]..<numbers.starts[index + 1]])
      do throws(PhoneNumber.Refusal) {
        let number = try PhoneNumber(parsing: text, in: numbers.countries[index])
        let place = number.place
        result.read += 1
        result.sum &+= number.digits
        if place.regionPath != nil { result.located += 1 }
        if !place.timeZones.isEmpty { result.zoned += 1 }
      } catch {
        result.sum &+= 1
      }
    }
  }
  return result
}

func load(_ path: String) -> Numbers? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var numbers = Numbers()
  var line: UnsafeMutablePointer<CChar>?
  var room = 0
  defer { free(line) }
  while true {
    let count = getline(&line, &room, file)
    guard count > 0, let line else { return numbers }
    let bytes = UnsafeRawBufferPointer(start: line, count: count)
    numbers.add(Array(bytes)[...].dropLast(bytes.last == UInt8(ascii: "\n") ? 1 : 0))
  }
}

let started = now()
let first = try PhoneNumber(parsing: "+86 139 1234 5678").place.regionPath
let ready = now() - started

let arguments = CommandLine.arguments
guard arguments.count == 3, first != nil, let seconds = Double(arguments[2]), let numbers = load(arguments[1]) else {
  print("usage: bench-phone FILE SECONDS")
  exit(2)
}
_ = pass(over: numbers)
let allocated = allocations_of_this_thread()
var passes = 0
var last = Pass()
let start = now()
repeat {
  last = pass(over: numbers)
  passes += 1
} while Double(now() - start) < seconds * 1e9
let elapsed = Double(now() - start) / 1e9
let allocations = allocations_of_this_thread() - allocated
let rate = Double(passes * numbers.countries.count) / elapsed
print("rate \(rate)")
print("allocations \(allocations)")
print("ready_seconds \(Double(ready) / 1e9)")
print("read \(last.read)")
print("located \(last.located)")
print("zoned \(last.zoned)")
print("sum \(last.sum)")
