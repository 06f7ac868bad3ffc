// librdkafka's handles as values that clean up.
#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/settings.h"

namespace weir::load {

template <auto Destroy>
struct destroyer {
  void operator()(auto* p) const { Destroy(p); }
};
template <class T, auto Destroy>
using owned = std::unique_ptr<T, destroyer<Destroy>>;

using handle_ptr = owned<rd_kafka_t, rd_kafka_destroy>;
using topic_ptr = owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using queue_ptr = owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;

// Called by a thread of librdkafka for every record when its fate is known.
using on_acknowledged = std::function<void(const rd_kafka_message_t&)>;

// `acknowledged` must outlive the handle.
handle_ptr make_producer(const settings& s, const on_acknowledged& acknowledged);
handle_ptr make_consumer(const settings& s);

// Returns a topic whose partitions all have a leader; throws when that takes too long.
topic_ptr await_topic(rd_kafka_t* handle, const std::string& name, int partitions);

// Of each of its partitions, whether this node leads it.
std::vector<bool> partitions_led(rd_kafka_t* handle, rd_kafka_topic_t* topic, int partitions,
                                 int node);

}  // namespace weir::load
