internal import Observe
// placeholder until the listener lands
struct HealthListener { 
  let address: String
  init(address: String, port: Int, metrics: Metrics, notReady: @escaping @Sendable () -> [String]) throws(SettingsErrorX) { self.address = address }
  func stop() {}
}
struct SettingsErrorX: Error {}
