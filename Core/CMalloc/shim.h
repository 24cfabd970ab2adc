#ifndef MILLRACE_CMALLOC_H
#define MILLRACE_CMALLOC_H
#include <malloc.h>
#endif
