/// Records, and what each is to be read as.
extension EnvelopeTests {
  /// What the record was read as, in one line: `source id happened trace`, or path and reason.
  struct Case {
    let about: String
    let made: Scene.Made
    let expected: String
  }

  static let now: Int64 = 1_790_000_000_000
  static let taken = "2026-09-21T14:13:20.000000Z"
  static let good = #"{"key": "k", "amount": 3}"#

  static func made(
    _ value: String? = good, without: Set<String> = [], _ changed: [String: String] = [:], null: String? = nil
  ) -> Scene.Made {
    var attributes = [
      "ce_specversion": "1.0", "ce_type": "test.noted", "ce_source": "/s", "ce_id": "1",
      "content-type": "application/json",
    ].merging(changed) { $1 }
    for name in without { attributes[name] = nil }
    var headers = attributes.map { ($0.key, Optional(Array($0.value.utf8))) }
    if let null { headers.append((null, nil)) }
    return Scene.Made(key: "k", value: value, headers: headers, timestamp: now)
  }

  static func structured(_ value: String?, type: String = "application/cloudevents+json") -> Scene.Made {
    Scene.Made(key: "k", value: value, headers: [("content-type", Array(type.utf8))], timestamp: now)
  }

  static func envelope(_ more: String = "", data: String = good) -> String {
    #"{"specversion": "1.0", "type": "test.noted", "source": "/s", "id": "1"\#(more), "data": \#(data)}"#
  }

  static let cases: [Case] = [
    Case(about: "binary mode", made: made(), expected: "/s 1 \(taken) -"),
    Case(
      about: "the event's own time", made: made(good, ["ce_time": "2026-09-20T10:00:00+08:00"]),
      expected: "/s 1 2026-09-20T02:00:00.000000Z -"),
    Case(
      about: "trace context", made: made(good, ["traceparent": "00-aa-bb-01"]), expected: "/s 1 \(taken) 00-aa-bb-01"),
    Case(about: "no trace context", made: made(good, ["traceparent": "a\u{0}b"]), expected: "/s 1 \(taken) -"),
    Case(
      about: "an endless trace context", made: made(good, ["traceparent": String(repeating: "a", count: 101)]),
      expected: "/s 1 \(taken) -"),
    Case(about: "unknown headers", made: made(good, ["x": "y", "ce_subject": "z"]), expected: "/s 1 \(taken) -"),
    Case(
      about: "unknown fields", made: made(#"{"key": "k", "colour": {"a": [1, 2]}}"#), expected: "/s 1 \(taken) -"),
    Case(about: "no value", made: made(nil), expected: "- empty"),
    Case(about: "an empty value", made: made(""), expected: "- empty"),
    Case(about: "only space", made: made("  \n"), expected: "- empty"),
    Case(about: "no JSON", made: made("{'key': 1}"), expected: "- not-json"),
    Case(about: "a frame", made: made("\u{0}\u{0}\u{0}\u{0}\u{7}{}"), expected: "- schema-registry-frame"),
    Case(about: "no object", made: made("[1]"), expected: "- wrong-type"),
    Case(about: "a field's type", made: made(#"{"key": 7}"#), expected: "key wrong-type"),
    Case(about: "a field that is missing", made: made(#"{"amount": 7}"#), expected: "key missing"),
    Case(
      about: "a number beyond its range", made: made(#"{"key": "k", "amount": -1}"#), expected: "amount out-of-range"),
    Case(about: "a NUL", made: made(#"{"key": "a\u0000b"}"#), expected: "- nul-character"),
    Case(
      about: "a megabyte of text", made: made(#"{"key": "\#(String(repeating: "a", count: 800_000))"}"#),
      expected: "key too-long"),
    Case(
      about: "a value beyond the topic's size", made: made(#"{"key": "\#(String(repeating: "a", count: 900_000))"}"#),
      expected: "- too-large"),
    Case(
      about: "another version", made: made(good, ["ce_specversion": "0.3"]), expected: "ce_specversion spec-version"),
    Case(
      about: "an id without a version", made: made(good, without: ["ce_specversion", "ce_source"]),
      expected: "ce_specversion missing"),
    Case(
      about: "a source without a version", made: made(good, without: ["ce_specversion", "ce_id"]),
      expected: "ce_specversion missing"),
    Case(
      about: "a version that is null", made: made(good, without: ["ce_specversion"], null: "ce_specversion"),
      expected: "ce_specversion missing"),
    Case(about: "no source", made: made(good, without: ["ce_source"]), expected: "ce_source missing"),
    Case(about: "an empty source", made: made(good, ["ce_source": ""]), expected: "ce_source missing"),
    Case(about: "no id", made: made(good, without: ["ce_id"]), expected: "ce_id missing"),
    Case(about: "no type", made: made(good, without: ["ce_type"]), expected: "ce_type unknown-type"),
    Case(about: "another type", made: made(good, ["ce_type": "a.b"]), expected: "ce_type unknown-type"),
    Case(
      about: "a long id", made: made(good, ["ce_id": String(repeating: "a", count: 401)]), expected: "ce_id too-long"),
    Case(
      about: "the longest id", made: made(good, ["ce_id": String(repeating: "a", count: 400)]),
      expected: "/s \(String(repeating: "a", count: 400)) \(taken) -"),
    Case(about: "a NUL in a source", made: made(good, ["ce_source": "a\u{0}"]), expected: "ce_source not-utf-8"),
    Case(
      about: "a time without zone", made: made(good, ["ce_time": "2026-09-20T10:00:00"]), expected: "ce_time not-a-time"
    ),
    Case(about: "a number for a time", made: made(good, ["ce_time": "1790000000"]), expected: "ce_time not-a-time"),
    Case(
      about: "the last century", made: made(good, ["ce_time": "1999-12-31T23:59:59Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "the first moment", made: made(good, ["ce_time": "2000-01-01T00:00:00Z"]),
      expected: "/s 1 2000-01-01T00:00:00.000000Z -"),
    Case(
      about: "the next century", made: made(good, ["ce_time": "2100-01-01T00:00:00Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "a day ahead of the broker", made: made(good, ["ce_time": "2026-09-22T14:13:20Z"]),
      expected: "/s 1 2026-09-22T14:13:20.000000Z -"),
    Case(
      about: "more than a day ahead", made: made(good, ["ce_time": "2026-09-22T14:13:20.000001Z"]),
      expected: "ce_time implausible-time"),
    Case(
      about: "bare data", made: Scene.Made(key: "k", value: good, timestamp: now),
      expected: "test.noted test.noted/0/0/* \(taken) -"),
    Case(
      about: "bare data with another's headers",
      made: Scene.Made(key: "k", value: good, headers: [("__TypeId__", [1, 2])], timestamp: now),
      expected: "test.noted test.noted/0/0/* \(taken) -"),
    Case(about: "structured mode", made: structured(envelope()), expected: "/s 1 \(taken) -"),
    Case(
      about: "structured mode in capitals",
      made: structured(envelope(), type: "Application/CloudEvents+JSON; charset=UTF-8"),
      expected: "/s 1 \(taken) -"),
    Case(
      about: "time and trace, structured",
      made: structured(envelope(#", "time": "2026-09-20T10:00:00Z", "traceparent": "00-a""#)),
      expected: "/s 1 2026-09-20T10:00:00.000000Z 00-a"),
    Case(
      about: "an implausible time, structured", made: structured(envelope(#", "time": "2027-01-01T00:00:00Z""#)),
      expected: "time implausible-time"),
    Case(
      about: "a number for a time, structured", made: structured(envelope(#", "time": 1790000000"#)),
      expected: "time epoch-number"),
    Case(
      about: "structured without data",
      made: structured(#"{"specversion": "1.0", "type": "test.noted", "source": "/s", "id": "1"}"#),
      expected: "data missing"),
    Case(
      about: "structured without version", made: structured(#"{"type": "test.noted", "source": "/s", "id": "1"}"#),
      expected: "specversion missing"),
    Case(
      about: "another version, structured", made: structured(#"{"specversion": "2.0", "source": "/s", "id": "1"}"#),
      expected: "specversion spec-version"),
    Case(
      about: "another type, structured",
      made: structured(#"{"specversion": "1.0", "type": "x", "source": "/s", "id": "1", "data": {}}"#),
      expected: "type unknown-type"),
    Case(
      about: "a field of structured data", made: structured(envelope(data: #"{"key": 7}"#)),
      expected: "data.key wrong-type"),
    Case(about: "structured and empty", made: structured(nil), expected: "- empty"),
  ]
}
