#ifndef MILLRACE_MIGRATIONS_H
#define MILLRACE_MIGRATIONS_H
#include <stddef.h>

/// One file of ops/migrations, as it was when the program was built.
struct millrace_migration {
  /// File name without `.sql`: four digits, an underscore, words.
  const char *file;
  const unsigned char *text;
  size_t length;
};

extern const size_t millrace_migration_count;
/// The step at an index below the count; never freed.
const struct millrace_migration *millrace_migration_at(size_t index);
#endif
