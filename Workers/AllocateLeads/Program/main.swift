internal import LeadAllocation
internal import Runtime

AllocateLeads.main()
