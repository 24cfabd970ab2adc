@main struct RelayEvents { static func main() {} }
