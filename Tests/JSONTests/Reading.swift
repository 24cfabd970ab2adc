import JSON
import Values

/// Reads a text and returns what `body` makes of its object, or the refusal.
func reading<Result>(
  _ text: some Collection<UInt8>, _ body: (JSONObject) throws(Refusal) -> Result
) -> Swift.Result<Result, Refusal> {
  // Exactly as large as the text, so that a byte read beyond it is one that nobody owns.
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
  defer { buffer.deallocate() }
  buffer.copyBytes(from: text)
  return Swift.Result { () throws(Refusal) in try JSONTape().read(UnsafeRawBufferPointer(buffer), body) }
}

func reading<Result>(
  _ text: String, _ body: (JSONObject) throws(Refusal) -> Result
) -> Swift.Result<Result, Refusal> {
  reading(Array(text.utf8), body)
}

/// The refusal of a text that is not even read as JSON; nil if it is.
func refusal(of text: some Collection<UInt8>) -> Refusal? {
  switch reading(text, { _ in }) {
  case .success: nil
  case .failure(let refusal): refusal
  }
}

func refusal(of text: String) -> Refusal? { refusal(of: Array(text.utf8)) }

extension Result where Failure == Refusal {
  var refusal: Refusal? {
    switch self {
    case .success: nil
    case .failure(let refusal): refusal
    }
  }
}
