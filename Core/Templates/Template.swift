/// A text with places for values: what a message says, before it is known to whom.
///
/// Invariants: nothing in a template runs, repeats or reaches anything but the values that it is given, so that its output is
/// bounded by its size and theirs. What can be wrong with a template is refused when it is made, never when it is rendered.
/// Where a value may stand, and how it is written there, follows from the context that the maker names: no value can add
/// markup, a header or a line of one.
///
///     {{name}}                                   the value; it is an error if there is none
///     {{name|default:"customer"}}                what stands there if there is none
///     {{due|date}} {{due|date:"long"}}           short, medium (default), long, full
///     {{due|time}} {{due|datetime:"long"}}       hours and minutes; both
///     {{count|number}} {{rate|number:2}}         grouped; with so many decimals, rounded half away from zero
///     {{total|money}} {{total|money:"name"}}     symbol (default), name, code
///     {{#if name}} … {{else}} … {{/if}}          there is a value, and it is not false
///     {{#if level is "gold"}} … {{/if}}          also: is not
///     {{"{{"}}                                   the text itself
public struct Template: Sendable {
  public enum Context: String, Sendable, CaseIterable {
    /// Values stand as they are.
    case text
    /// One line of a message's header: line ends, other controls and marks that turn the direction of writing are refused.
    case header
    /// Markup: values are escaped, or refused where escaping is not enough.
    case html
  }

  /// Bytes of a template's source.
  public static let longestSource = 1 << 18
  /// Bytes of what is rendered, unless the caller says less.
  public static let longestOutput = 1 << 20
  /// Conditionals within each other.
  public static let deepest = 8

  /// What the template wants to know, in the order of first use.
  public let variables: [TemplateVariable]
  let nodes: [TemplateNode]

  public init(_ source: String, as context: Context) throws(TemplateError) {
    var parser = TemplateParser(source, context)
    nodes = try parser.parse()
    variables = TemplateVariable.all(in: nodes)
  }
}

indirect enum TemplateNode: Sendable {
  case literal(String)
  case value(Slot)
  case choice(Condition, met: [TemplateNode], otherwise: [TemplateNode])

  /// Where a value goes.
  struct Slot: Sendable {
    let name: String
    let format: Format?
    let fallback: String?
    let place: Place
  }

  struct Condition: Sendable {
    let name: String
    /// nil asks whether there is a value.
    var wanted: String?
    var isNegated = false
  }

  /// What surrounds a value, and so how it is written.
  enum Place: Sendable {
    case text, header, markup
    /// A whole address (`href="{{link}}"`), a piece of its path, a piece of its query.
    case address, path, query
  }
}

/// Something that a template wants to know.
public struct TemplateVariable: Hashable, Sendable {
  public enum Need: String, Sendable, Comparable {
    /// It has a default, or is only asked about, or only used where it is there.
    case never
    /// It is used without a default in a branch that may be taken.
    case sometimes
    case always

    public static func < (a: Need, b: Need) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .never: 0
      case .sometimes: 1
      case .always: 2
      }
    }
  }

  public let name: String
  public internal(set) var need: Need
  /// How it is written: `date`, `number`, `money`, in the order of first use; empty for plain text.
  public internal(set) var formats: [String]
}

extension TemplateVariable {
  static func all(in nodes: [TemplateNode]) -> [TemplateVariable] {
    var found: [TemplateVariable] = []
    collect(nodes, isCertain: true, present: [], &found)
    return found
  }

  private static func collect(
    _ nodes: [TemplateNode], isCertain: Bool, present: Set<String>, _ found: inout [TemplateVariable]
  ) {
    for node in nodes {
      switch node {
      case .literal: break
      case .value(let slot):
        let isSafe = slot.fallback != nil || present.contains(slot.name)
        note(slot.name, isSafe ? .never : isCertain ? .always : .sometimes, slot.format?.kind, &found)
      case .choice(let condition, let met, let otherwise):
        note(condition.name, .never, nil, &found)
        // Where it is asked for as a whole, or for a text that it is, the branch has it.
        let has = condition.isNegated ? present : present.union([condition.name])
        collect(met, isCertain: false, present: has, &found)
        let lacks = condition.isNegated && condition.wanted != nil ? present.union([condition.name]) : present
        collect(otherwise, isCertain: false, present: lacks, &found)
      }
    }
  }

  private static func note(_ name: String, _ need: Need, _ format: String?, _ found: inout [TemplateVariable]) {
    let place = found.firstIndex { $0.name == name } ?? found.endIndex
    if place == found.endIndex { found.append(TemplateVariable(name: name, need: need, formats: [])) }
    found[place].need = max(found[place].need, need)
    if let format, !found[place].formats.contains(format) { found[place].formats.append(format) }
  }
}
