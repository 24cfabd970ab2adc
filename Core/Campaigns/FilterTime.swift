extension Filter {
  /// Whether somebody of whom nothing changes may come to fulfil it, because time passes.
  var ripens: Bool { condition.turns(to: true) }

  /// Whether somebody of whom nothing changes may cease to fulfil it, because time passes.
  var fades: Bool { condition.turns(to: false) }
}

extension FilterCondition {
  fileprivate func turns(to truth: Bool) -> Bool {
    switch self {
    case .all(let conditions), .any(let conditions): conditions.contains { $0.turns(to: truth) }
    case .not(let condition): condition.turns(to: !truth)
    case .test(let field, let test): test.turns(to: truth, field)
    }
  }
}

extension FilterTest {
  /// Everybody grows older, and what has happened is longer and longer ago.
  fileprivate func turns(to truth: Bool, _ field: FilterField) -> Bool {
    switch (field.values, self) {
    case (_, .known), (_, .unknown), (_, .under): false
    case (.dayOfYear, _): asksForToday
    case (.years, .compare(.more, _)), (.years, .compare(.atLeast, _)): truth
    case (.years, .compare(.less, _)), (.years, .compare(.atMost, _)): !truth
    case (.years, _): true
    case (.moment, .compare(.less, .ago)), (.moment, .compare(.atMost, .ago)): truth
    case (.moment, .compare(.more, .ago)), (.moment, .compare(.atLeast, .ago)): !truth
    case (.moment, .compare(.notEqual, .ago)): true
    case (.moment, .among(let values)): values.contains { $0.isAgo }
    case (.moment, .between(let first, let last)): truth ? last.isAgo : first.isAgo
    default: false
    }
  }
}

extension FilterValue {
  fileprivate var isAgo: Bool { if case .ago = self { true } else { false } }
}
