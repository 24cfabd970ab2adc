import Calls
import Values

/// Seconds after a moment in the middle of a quarter of an hour.
func second(_ seconds: Double) -> Timestamp {
  Timestamp(microseconds: 1_790_000_100_000_000 + Int64(seconds * 1_000_000))
}

extension CallFact {
  static func inbound(_ at: Double, queue: String = "sales") -> CallFact {
    CallFact(.started, at: second(at), queue: queue, from: "+8613812345678", to: "+864008001234", word: "inbound")
  }

  static func outbound(_ at: Double, agent: String = "8001") -> CallFact {
    CallFact(.started, at: second(at), agent: agent, from: "8001", to: "+8613812345678", word: "outbound")
  }

  static func rang(_ at: Double, _ agent: String = "8001") -> CallFact { CallFact(.rang, at: second(at), agent: agent) }
  static func answered(_ at: Double, _ agent: String = "8001") -> CallFact {
    CallFact(.answered, at: second(at), agent: agent)
  }
  static func ended(_ at: Double, by: String = "") -> CallFact { CallFact(.ended, at: second(at), word: by) }
  static func missed(_ at: Double, _ agent: String = "8001") -> CallFact {
    CallFact(.missed, at: second(at), agent: agent)
  }
  static func held(_ at: Double) -> CallFact { CallFact(.held, at: second(at), agent: "8001") }
  static func resumed(_ at: Double) -> CallFact { CallFact(.resumed, at: second(at), agent: "8001") }
  static func disposed(_ at: Double, _ agent: String = "8001") -> CallFact {
    CallFact(.disposed, at: second(at), agent: agent, word: "interested")
  }
  static func transferred(_ at: Double, toQueue: String) -> CallFact {
    CallFact(.transferred, at: second(at), agent: "8001", queue: toQueue)
  }
}

/// What calls come to, each with six facts or fewer.
enum Script {
  static let all: [(name: String, facts: [CallFact])] = [
    ("plain", [.inbound(0), .rang(2), .answered(5), .held(30), .resumed(40), .ended(100)]),
    ("with wrap-up", [.inbound(0), .rang(2), .answered(5), .ended(65, by: "agent"), .disposed(80)]),
    (
      "rings in vain, then elsewhere",
      [.inbound(0), .rang(1), .missed(16), .rang(17, "8002"), .answered(20, "8002"), .ended(60)]
    ),
    ("given up", [.inbound(0), .rang(1), .missed(16), .rang(17, "8002"), .ended(21)]),
    (
      "passed on",
      [
        .inbound(0), .answered(4), .transferred(30, toQueue: "support"), .rang(31, "8002"), .answered(40, "8002"),
        .ended(90),
      ]
    ),
    ("two ends", [.inbound(0), .rang(2), .answered(5), .ended(65), .ended(66.5), .disposed(70)]),
    ("told late", [.inbound(0), .answered(-3), .held(20), .ended(10), .ended(12), .rang(1)]),
    ("id used again", [.inbound(0), .ended(10), .inbound(500), .rang(501), .answered(505), .ended(900)]),
    ("no end", [.inbound(0), .rang(1), .answered(3), .held(10), .resumed(20)]),
    ("only an end", [.ended(10)]),
    ("a day apart", [.inbound(0), .answered(3), .ended(100_000), .disposed(100_010)]),
    ("our own", [.outbound(0), .rang(1), .answered(9), .ended(30), .disposed(50)]),
    ("several at one moment", [.inbound(0), .rang(0), .answered(0), .held(0), .resumed(0), .ended(0)]),
    ("to voicemail", [.inbound(0), .rang(1), .missed(20), CallFact(.voicemail, at: second(21)), .ended(50)]),
  ]
}

/// Every order of so many things.
func permutations(_ count: Int) -> [[Int]] {
  guard count > 0 else { return [[]] }
  return permutations(count - 1).flatMap { order in
    (0..<count).map { place in
      var longer = order
      longer.insert(count - 1, at: place)
      return longer
    }
  }
}
