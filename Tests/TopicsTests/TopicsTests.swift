// TopicsTests
