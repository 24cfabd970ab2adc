@main struct AllocateLeads { static func main() {} }
