/// Which stretch of a run's indexes goes into the next Kafka transaction.
///
/// At first the whole run. A transaction that fails because of some records is split around them and sent again, until
/// each culprit stands alone. Pieces stay in the order of their indexes, so the pairs that consumers see still rise.
struct RunPieces {
  /// The next one last.
  private var pieces: [Range<Int>]

  init(_ count: Int) { pieces = count > 0 ? [0..<count] : [] }

  var next: Range<Int>? { pieces.last }

  mutating func committed() { pieces.removeLast() }

  /// These indexes of the next piece were not taken; a broker may name neighbours that travelled in the same batch,
  /// too. Answers false where the piece is one record: it is the culprit.
  mutating func split(at failed: [Int]) -> Bool {
    guard let piece = pieces.last, piece.count > 1 else { return false }
    let among = failed.filter(piece.contains)
    let first = among.min() ?? piece.lowerBound
    let end = among.max().map { $0 + 1 } ?? piece.upperBound
    let middle = first + (end - first) / 2
    let cuts = [piece.lowerBound, first, middle, end, piece.upperBound]
    pieces.removeLast()
    pieces += zip(cuts, cuts.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }.reversed()
    return true
  }
}
