#ifndef MILLRACE_CKAFKA_H
#define MILLRACE_CKAFKA_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#endif
