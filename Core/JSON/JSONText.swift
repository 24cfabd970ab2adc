public import Values

extension JSONTape {
  /// The same of a text.
  public func read<Value>(
    _ text: String, _ body: (JSONObject) throws(Refusal) -> Value
  ) throws(Refusal) -> Value {
    let outcome: Result<Value, Refusal> = Array(text.utf8).withUnsafeBytes { bytes in
      do throws(Refusal) { return .success(try read(bytes, body)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
