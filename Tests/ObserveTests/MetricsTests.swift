import Glibc
import Testing

@testable import Observe

extension CounterFamily {
  fileprivate static let applied = CounterFamily("events_applied_total", "Events applied.", labels: "topic", "reason")
  fileprivate static let waited = CounterFamily("wait_seconds_total", "Time spent waiting.")
}
extension GaugeFamily {
  fileprivate static let lag = GaugeFamily("lag_events", "Events behind.", labels: "partition")
  fileprivate static let age = GaugeFamily("outbox_age_seconds", "Age of the oldest row.")
}
extension HistogramFamily {
  fileprivate static let took = HistogramFamily(
    "batch_seconds", "A batch's time.", labels: "worker", upTo: [.milliseconds(5), .seconds(1)])
  fileprivate static let size = HistogramFamily("batch_events", "Events in a batch.", upTo: [1, 10, 100])
}

@Suite struct MetricsTests {
  @Test("the exposition is Prometheus' text format, sorted, with units and escapes")
  func exposition() {
    let metrics = Metrics(process: false)
    metrics.counter(.applied, "lead.registered", "a \"b\"\\\n").add(3)
    metrics.counter(.applied, "lead.activity", "ok").add()
    metrics.counter(.waited).add(.milliseconds(1500))
    metrics.gauge(.lag, "0").set(12_345_678)
    metrics.gauge(.age).set(.milliseconds(250))
    let took = metrics.histogram(.took, "w")
    took.observe(.milliseconds(5))
    took.observe(.milliseconds(6))
    took.observe(.seconds(2))
    metrics.histogram(.size).observe(10)
    #expect(
      metrics.exposition() == #"""
        # HELP millrace_batch_events Events in a batch.
        # TYPE millrace_batch_events histogram
        millrace_batch_events_bucket{le="1"} 0
        millrace_batch_events_bucket{le="10"} 1
        millrace_batch_events_bucket{le="100"} 1
        millrace_batch_events_bucket{le="+Inf"} 1
        millrace_batch_events_sum 10
        millrace_batch_events_count 1
        # HELP millrace_batch_seconds A batch's time.
        # TYPE millrace_batch_seconds histogram
        millrace_batch_seconds_bucket{worker="w",le="0.005"} 1
        millrace_batch_seconds_bucket{worker="w",le="1"} 2
        millrace_batch_seconds_bucket{worker="w",le="+Inf"} 3
        millrace_batch_seconds_sum{worker="w"} 2.011
        millrace_batch_seconds_count{worker="w"} 3
        # HELP millrace_events_applied_total Events applied.
        # TYPE millrace_events_applied_total counter
        millrace_events_applied_total{topic="lead.activity",reason="ok"} 1
        millrace_events_applied_total{topic="lead.registered",reason="a \"b\"\\\n"} 3
        # HELP millrace_lag_events Events behind.
        # TYPE millrace_lag_events gauge
        millrace_lag_events{partition="0"} 12345678
        # HELP millrace_outbox_age_seconds Age of the oldest row.
        # TYPE millrace_outbox_age_seconds gauge
        millrace_outbox_age_seconds 0.25
        # HELP millrace_wait_seconds_total Time spent waiting.
        # TYPE millrace_wait_seconds_total counter
        millrace_wait_seconds_total 1.5

        """#)
  }

  @Test("the same family and labels give the same handle")
  func sameHandle() {
    let metrics = Metrics(process: false)
    #expect(metrics.counter(.applied, "a", "b") === metrics.counter(.applied, "a", "b"))
    #expect(metrics.counter(.applied, "a", "b") !== metrics.counter(.applied, "a", "c"))
  }

  @Test("a gauge can be read when asked for, show nothing, and be ended")
  func gauges() {
    let metrics = Metrics(process: false)
    metrics.gauge(.lag, "1") { 7 }
    metrics.gauge(.lag, "2") { nil }
    let gauge = metrics.gauge(.lag, "3")
    gauge.set(5)
    gauge.add(-7.5)
    #expect(metrics.exposition().contains("{partition=\"1\"} 7\n"))
    #expect(!metrics.exposition().contains("\"2\""))
    #expect(metrics.exposition().contains("{partition=\"3\"} -2.5\n"))
    metrics.remove(.lag, "3")
    #expect(!metrics.exposition().contains("\"3\""))
  }

  @Test("a person's number that strays into a label is masked, and too many series share one")
  func labels() {
    let metrics = Metrics(process: false)
    metrics.counter(.applied, "13912345678", "x").add()
    #expect(metrics.exposition().contains("\"*********78\""))
    for index in 0..<3000 { metrics.counter(.applied, "t\(index)", "x").add() }
    let lines = metrics.exposition().split(separator: "\n")
    #expect(lines.count == Metrics.mostSeries + 3)
    #expect(lines.contains { $0.hasPrefix("millrace_events_applied_total{topic=\"other\",reason=\"other\"} ") })
    let total = lines.filter { !$0.hasPrefix("#") }.reduce(0) { $0 + Int($1.split(separator: " ").last!)! }
    #expect(total == 3001)
  }

  @Test("values that are no number keep Prometheus' words")
  func odd() {
    #expect([Double.nan, .infinity, -.infinity, 1e300, 0.1].map(shown) == ["NaN", "+Inf", "-Inf", "1e+300", "0.1"])
  }

  @Test("many threads lose no count")
  func threads() async {
    let metrics = Metrics(process: false)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<10_000 {
            metrics.counter(.applied, "a", "b").add()
            metrics.gauge(.age).add(1)
            metrics.histogram(.size).observe(5)
          }
        }
      }
    }
    #expect(metrics.counter(.applied, "a", "b").value == 40_000)
    #expect(metrics.gauge(.age).value == 40_000)
    #expect(metrics.histogram(.size).count == 40_000)
  }

  @Test("the process's own numbers are told and plausible")
  func process() throws {
    func value(_ name: String, in text: String) throws -> Double {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }, "\(name) is missing")
      return try #require(Double(line.dropFirst(name.count + 1)))
    }
    let text = Metrics().exposition()
    #expect(try value("process_resident_memory_bytes", in: text) > 1_000_000)
    #expect(try value("process_virtual_memory_bytes", in: text) > value("process_resident_memory_bytes", in: text))
    #expect(try value("process_cpu_seconds_total", in: text) > 0)
    #expect(try value("process_threads", in: text) >= 1)
    #expect(try value("process_open_fds", in: text) >= 3)
    #expect(try value("process_max_fds", in: text) >= value("process_open_fds", in: text))
    let started = try value("process_start_time_seconds", in: text)
    let now = Double(Moment.now().unixMilliseconds) / 1000
    #expect(started < now + 1 && started > now - 86_400)
  }

  @Test("a process name with blanks and brackets does not shift the numbers")
  func stat() {
    let fields = ProcessMetrics.fields(of: "42 (a) b (c)) S 1 2 3")
    #expect(fields?[4] == 1 && fields?[6] == 3)
    #expect(ProcessMetrics.fields(of: "") == nil)
  }
}
