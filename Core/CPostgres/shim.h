#ifndef MILLRACE_CPOSTGRES_H
#define MILLRACE_CPOSTGRES_H
#include <libpq-fe.h>
#endif
