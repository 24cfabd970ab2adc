// AllocateLeadsTests
