// MillraceTests
