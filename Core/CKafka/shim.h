#ifndef MILLRACE_CKAFKA_H
#define MILLRACE_CKAFKA_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Swift cannot call C functions with variable arguments. The array form (rd_kafka_produceva) frees the header list
// twice on an error before 2.12.0, so the variadic one is wrapped here. On failure `headers` stays the caller's.
static inline rd_kafka_resp_err_t millrace_produce(
    rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
    const void *key, size_t key_size, const void *value, size_t value_size,
    int64_t timestamp, rd_kafka_headers_t *headers, void *tag) {
  if (headers)
    return rd_kafka_producev(
        client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)key, key_size), RD_KAFKA_V_VALUE((void *)value, value_size),
        RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
  return rd_kafka_producev(
      client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY((void *)key, key_size), RD_KAFKA_V_VALUE((void *)value, value_size),
      RD_KAFKA_V_TIMESTAMP(timestamp),
      RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
}

// Variable arguments again: the mock broker's next answer to a request of this kind is delayed.
static inline rd_kafka_resp_err_t millrace_mock_delay(
    rd_kafka_mock_cluster_t *cluster, int32_t broker, int16_t api_key, int milliseconds) {
  return rd_kafka_mock_broker_push_request_error_rtts(
      cluster, broker, api_key, 1, RD_KAFKA_RESP_ERR_NO_ERROR, milliseconds);
}
#endif
