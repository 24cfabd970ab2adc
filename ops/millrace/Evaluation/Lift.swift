internal import Values

/// How much more often those did something who were written to than those who were left alone.
///
/// The interval is that of the difference of two shares, each with its own variance, by the normal approximation (Wald): of 100 campaigns
/// like this one, 95 would have the true difference in it. It says little where either group has fewer than some ten conversions.
struct Lift: Equatable {
  let treated: Int64
  let control: Int64
  let treatedConverted: Int64
  let controlConverted: Int64

  /// nil where one of the groups is empty: then there is nothing to compare.
  init?(treated: Int64, control: Int64, treatedConverted: Int64, controlConverted: Int64) {
    guard treated > 0, control > 0 else { return nil }
    (self.treated, self.control) = (treated, control)
    (self.treatedConverted, self.controlConverted) = (treatedConverted, controlConverted)
  }

  var treatedRate: Double { Double(treatedConverted) / Double(treated) }
  var controlRate: Double { Double(controlConverted) / Double(control) }
  /// A difference of shares: 0.018 is 1.8 points.
  var difference: Double { treatedRate - controlRate }
  var low: Double { difference - 1.959964 * standardError }
  var high: Double { difference + 1.959964 * standardError }
  /// Whether chance alone explains it.
  var isWithinChance: Bool { low <= 0 && high >= 0 }
  /// Too few to rely on the interval.
  var isSmall: Bool { min(treatedConverted, controlConverted) < 10 }

  private var standardError: Double {
    (treatedRate * (1 - treatedRate) / Double(treated) + controlRate * (1 - controlRate) / Double(control)).squareRoot()
  }
}

/// How much more those have than they had at the launch who were written to, against those who were left alone: of the last day that is
/// known, in one currency. The interval is Welch's with the normal distribution, for the groups are large.
struct AssetsLift {
  let treated: Evaluation.Assets
  /// nil where nobody was left alone, or nothing is known of them.
  let control: Evaluation.Assets?

  /// For each person, in the currency's unit; nil where there is nothing to compare with.
  var difference: Double? { control.map { treated.mean - $0.mean } }

  var interval: (low: Double, high: Double)? {
    guard let control, let difference, treated.people > 1, control.people > 1 else { return nil }
    let error = (treated.variance / Double(treated.people) + control.variance / Double(control.people)).squareRoot()
    return (difference - 1.959964 * error, difference + 1.959964 * error)
  }

  /// What all who were written to have more than they would have had.
  var incremental: Money? {
    difference.flatMap { money($0 * Double(treated.people)) }
  }

  func money(_ units: Double) -> Money? {
    let value = (units * 10_000).rounded()
    return abs(value) < 9e18 ? Money(tenThousandths: Int64(value), currency: treated.currency) : nil
  }
}
