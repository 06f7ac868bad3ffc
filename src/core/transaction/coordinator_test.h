#pragma once
// For tests: a coordinator with its log, asked in short words. After every step the state is
// compared with one folded from all records so far.
#include <catch2/catch_all.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/transaction/coordinator.h"
#include "core/transaction/record.h"

namespace weir::transaction {

inline constexpr std::int16_t init_version = 6;
inline constexpr std::int16_t bumping_end = 5;  // EndTxn of version 2
inline constexpr std::int16_t classic_end = 4;
inline constexpr std::int32_t usual_timeout = 60'000;

struct granted {
  kafka::error_code error = kafka::error_code::none;
  std::int64_t producer = -1;
  std::int16_t epoch = -1;
  bool operator==(const granted&) const = default;
};

class tested_coordinator {
 public:
  explicit tested_coordinator(transaction_settings with = {}) : settings(with) { start(); }

  // Whoever led before is gone with all that it had in hand; its log is not.
  void start() {
    is = std::make_unique<transaction_coordinator>(++term_, settings);
    for (const auto& r : log) REQUIRE(is->apply(r.key, r.value));
    take(is->loaded(now));
  }
  void pass(std::int64_t ms) {
    now.steady_ms += ms;
    now.wall += ms;
    take(is->tick(now));
  }

  granted init(std::string_view id, claim by = {no_producer_id, no_producer_epoch},
               std::int16_t version = init_version, std::int32_t timeout = usual_timeout) {
    kafka::init_producer_id_request r;
    r.transactional_id = text::copy(id);
    r.transaction_timeout_ms = timeout;
    r.producer_id = by.producer.value();
    r.producer_epoch = by.epoch.value();
    const auto a = ask<kafka::init_producer_id_response>(r, version);
    return {a.error, a.producer_id, a.producer_epoch};
  }
  // Of a client before version 2.
  kafka::error_code add(std::string_view id, claim by, std::vector<topic_partition> partitions,
                        std::int16_t version = 3) {
    kafka::add_partitions_to_txn_request r;
    r.v3_and_below_transactional_id = text::copy(id);
    r.v3_and_below_producer_id = by.producer.value();
    r.v3_and_below_producer_epoch = by.epoch.value();
    r.v3_and_below_topics = topics(partitions);
    const auto a = ask<kafka::add_partitions_to_txn_response>(r, version);
    REQUIRE(a.results_by_topic_v3_and_below.size() == r.v3_and_below_topics.size());
    return a.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error;
  }
  // Of a partition's leader; the error of the first partition.
  kafka::error_code broker_adds(std::string_view id, claim by,
                                std::vector<topic_partition> partitions, bool verify = false) {
    kafka::add_partitions_to_txn_request r;
    r.transactions.push_back({.transactional_id = text::copy(id),
                              .producer_id = by.producer.value(),
                              .producer_epoch = by.epoch.value(),
                              .verify_only = verify,
                              .topics = topics(partitions),
                              .unknown = {}});
    const auto a = ask<kafka::add_partitions_to_txn_response>(r, 5);
    REQUIRE(a.results_by_transaction.size() == 1);
    return a.results_by_transaction[0].topic_results[0].results_by_partition[0].partition_error;
  }
  kafka::error_code verify(std::string_view id, claim by, std::vector<topic_partition> partitions) {
    return broker_adds(id, by, std::move(partitions), true);
  }
  kafka::error_code add_offsets(std::string_view id, claim by, std::int32_t partition,
                                std::int16_t version = 3, std::string_view group = "g") {
    add_offsets_to_txn r{.request = {}, .offsets_partition = partition_id(partition)};
    r.request.transactional_id = text::copy(id);
    r.request.producer_id = by.producer.value();
    r.request.producer_epoch = by.epoch.value();
    r.request.group_id = text::copy(group);
    return ask<kafka::add_offsets_to_txn_response>(r, version).error;
  }
  granted end(std::string_view id, claim by, bool commit, std::int16_t version = bumping_end) {
    kafka::end_txn_request r;
    r.transactional_id = text::copy(id);
    r.producer_id = by.producer.value();
    r.producer_epoch = by.epoch.value();
    r.committed = commit;
    const auto a = ask<kafka::end_txn_response>(r, version);
    return {a.error, a.producer_id, a.producer_epoch};
  }
  // All markers that are under way arrive.
  void write_markers() {
    for (const auto& m : std::exchange(markers, {})) {
      for (const auto& p : m.partitions)
        take(is->marker_written({m.transactional_id, m.ending, p}, now));
    }
  }

  template <typename Answer>
  Answer ask(const request& r, std::int16_t version) {
    request_context c{.api_version = version, .ticket = ++tickets_, .now = now};
    const bool may_take = is->needs_producer_id(r);
    if (may_take && has_fresh) c.fresh_producer = next_fresh;
    auto out = is->step(r, c);
    REQUIRE((may_take || !out.took_fresh_producer));
    if (out.took_fresh_producer) ++next_fresh;
    REQUIRE(out.answers.size() == 1);
    REQUIRE(out.answers[0].first == tickets_);
    auto answer = std::get<Answer>(out.answers[0].second);
    take(std::move(out));
    return answer;
  }
  void take(effects out) {
    last_batches = out.batches.size();
    for (auto& batch : out.batches) {
      REQUIRE_FALSE(batch.transaction);
      for (auto& r : batch.records) log.push_back(std::move(r));
    }
    for (auto& m : out.markers) markers.push_back(std::move(m));
    check_replay();
  }
  void check_replay() const {
    transaction_coordinator replayed(1, settings);
    for (const auto& r : log) REQUIRE(replayed.apply(r.key, r.value));
    const auto lived = is->all();
    const auto folded = replayed.all();
    REQUIRE(lived.size() == folded.size());
    for (std::size_t i = 0; i < lived.size(); ++i) {
      REQUIRE(lived[i].first == folded[i].first);
      REQUIRE(same_record(lived[i].second, folded[i].second));
    }
  }
  [[nodiscard]] transaction_state state(std::string_view id) const {
    const auto* t = is->find(id);
    REQUIRE(t != nullptr);
    return t->state;
  }

  transaction_settings settings;
  std::unique_ptr<transaction_coordinator> is;
  std::vector<group::coordinator_record> log;
  std::vector<markers_to_send> markers;
  moment now{.steady_ms = 1'000, .wall = timestamp(1'700'000'000'000)};
  producer_id next_fresh{100};
  bool has_fresh = true;
  std::size_t last_batches = 0;

 private:
  static chunked_vector<kafka::add_partitions_to_txn_request::add_partitions_to_txn_topic> topics(
      const std::vector<topic_partition>& partitions) {
    chunked_vector<kafka::add_partitions_to_txn_request::add_partitions_to_txn_topic> out;
    for (const auto& p : partitions) {
      out.push_back({.name = text::copy(p.topic), .partitions = {}, .unknown = {}});
      out.back().partitions.push_back(p.partition.value());
    }
    return out;
  }

  std::int32_t term_ = 6;
  group::ticket tickets_ = 0;
};

inline topic_partition at(std::string topic, std::int32_t partition) {
  return {.topic = std::move(topic), .partition = partition_id(partition)};
}
inline claim by(std::int64_t producer, std::int16_t epoch) {
  return {producer_id(producer), producer_epoch(epoch)};
}
inline claim by(const granted& g) {
  return by(g.producer, g.epoch);
}
inline granted refused(kafka::error_code error) {
  return {.error = error};
}

// The log gets this record, and a new leader reads it.
inline void put(tested_coordinator& c, std::string_view id, const transaction& t) {
  c.log.push_back({.key = encode_key(id), .value = encode_value(t)});
  c.start();
}

}  // namespace weir::transaction
