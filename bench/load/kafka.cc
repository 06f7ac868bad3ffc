#include "bench/load/kafka.h"

#include <algorithm>
#include <cstring>
#include <format>
#include <stdexcept>
#include <thread>

namespace weir::load {
namespace {

using conf_ptr = owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;

constexpr std::uint64_t queued_kib_of_all = 64 << 10;
constexpr std::uint64_t queued_kib_of_dead = 2 << 20;
constexpr int patience_ms = 60'000;

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
    throw std::runtime_error(std::format("{}={}: {}", name, value, why));
}

conf_ptr common(const settings& s) {
  conf_ptr conf(rd_kafka_conf_new());
  set(conf.get(), "bootstrap.servers", s.brokers);
  set(conf.get(), "client.id", "weir-load");
  set(conf.get(), "log.connection.close", "false");
  return conf;
}

handle_ptr make(rd_kafka_type_t type, conf_ptr conf, const settings& s) {
  for (const auto& [name, value] : s.properties) set(conf.get(), name, value);
  char why[512];
  handle_ptr handle(rd_kafka_new(type, conf.get(), why, sizeof why));
  if (!handle) throw std::runtime_error(why);
  (void)conf.release();  // rd_kafka_new took it
  return handle;
}

rd_kafka_resp_err_t acknowledged(rd_kafka_t*, rd_kafka_message_t* message, void* opaque) {
  (*static_cast<const on_acknowledged*>(opaque))(*message);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t add_interceptor(rd_kafka_t* handle, const rd_kafka_conf_t*, void* opaque, char*,
                                    std::size_t) {
  return rd_kafka_interceptor_add_on_acknowledgement(handle, "load", acknowledged, opaque);
}

}  // namespace

handle_ptr make_producer(const settings& s, const on_acknowledged& on_record) {
  auto conf = common(s);
  const auto shared = queued_kib_of_all / static_cast<std::uint64_t>(s.clients);
  // While a broker is dead nothing may wait for room: records of other partitions would, too. The
  // values are ours, so what is queued takes little memory.
  const auto queued =
      s.kill_pid > 0 ? queued_kib_of_dead : std::max<std::uint64_t>(shared, 1 << 10);
  set(conf.get(), "queue.buffering.max.kbytes", std::to_string(queued));
  set(conf.get(), "queue.buffering.max.messages", "1000000");
  set(conf.get(), "batch.size", "1000000");
  set(conf.get(), "linger.ms", s.rate > 0 ? "1" : "5");
  set(conf.get(), "message.timeout.ms", std::to_string(patience_ms));
  set(conf.get(), "acks", s.acks);
  // Not idempotent: librdkafka then has at most 5 requests per partition under way and its thread
  // spins meanwhile, which on few cores takes from the broker what is to be measured.
  set(conf.get(), "max.in.flight.requests.per.connection", "20");
  // An interceptor hears of each record at once, on the thread that read the answer. A delivery
  // callback would hear of it when our thread asks next, and cost a queue on top.
  rd_kafka_conf_interceptor_add_on_new(conf.get(), "load", add_interceptor,
                                       const_cast<on_acknowledged*>(&on_record));
  return make(RD_KAFKA_PRODUCER, std::move(conf), s);
}

handle_ptr make_consumer(const settings& s) {
  auto conf = common(s);
  set(conf.get(), "queued.max.messages.kbytes", "32768");
  set(conf.get(), "fetch.queue.backoff.ms", "10");
  return make(RD_KAFKA_CONSUMER, std::move(conf), s);
}

topic_ptr await_topic(rd_kafka_t* handle, const std::string& name, int partitions) {
  topic_ptr topic(rd_kafka_topic_new(handle, name.c_str(), nullptr));
  if (!topic) throw std::runtime_error(rd_kafka_err2str(rd_kafka_last_error()));
  const auto deadline = clock::now() + std::chrono::milliseconds(patience_ms);
  while (clock::now() < deadline) {
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(handle, 0, topic.get(), &found, patience_ms) == 0) {
      const bool whole =
          found->topic_cnt == 1 && found->topics[0].partition_cnt == partitions &&
          std::all_of(found->topics[0].partitions, found->topics[0].partitions + partitions,
                      [](const auto& p) { return p.leader >= 0 && p.err == 0; });
      rd_kafka_metadata_destroy(found);
      if (whole) return topic;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error(std::format("topic {} never had {} led partitions", name, partitions));
}

std::vector<bool> partitions_led(rd_kafka_t* handle, rd_kafka_topic_t* topic, int partitions,
                                 int node) {
  std::vector<bool> out(static_cast<std::size_t>(partitions));
  const rd_kafka_metadata_t* found = nullptr;
  if (rd_kafka_metadata(handle, 0, topic, &found, patience_ms) != 0 || found->topic_cnt != 1)
    throw std::runtime_error("nobody says who leads what");
  for (int i = 0; i < found->topics[0].partition_cnt; ++i) {
    const auto& p = found->topics[0].partitions[i];
    if (p.id >= 0 && p.id < partitions) out[static_cast<std::size_t>(p.id)] = p.leader == node;
  }
  rd_kafka_metadata_destroy(found);
  return out;
}

}  // namespace weir::load
