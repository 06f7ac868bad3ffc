#pragma once
// The transaction coordinator of one partition of `__transaction_state`: for each transactional id
// of that partition, who its producer is and how far its transaction has come (KIP-98, KIP-360,
// KIP-890; docs/decisions/0016-transaction-coordinator.md). Pure, as
// docs/decisions/0014-coordinators.md has it.
//
// Entry points: apply (each record of the log, in order), then loaded; step (a client or, for
// AddPartitionsToTxn from version 4 on, another broker), tick (time), marker_written and
// marker_failed (what became of the markers in effects).
//
// Invariants: state changes in one place, which replay uses too; a transaction that is prepared
// ends as prepared, whoever leads; it is complete only once every partition has its marker; until
// then no client gets an epoch for its next one, so no marker can meet a later transaction of
// version 2; a producer id and epoch that were fenced add no partition and end no transaction.
//
// Not here, but at the edge: who may, which topics exist, InitProducerId without a transactional
// id.
#include <expected>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/codec/codec_error.h"
#include "core/transaction/defects.h"
#include "core/transaction/effects.h"
#include "core/transaction/request.h"
#include "core/transaction/settings.h"
#include "core/transaction/transaction.h"

namespace weir::transaction {

// A producer's claim to be the one of a transactional id.
struct claim {
  producer_id producer;
  producer_epoch epoch;
};

class transaction_coordinator {
 public:
  // `coordinator_epoch`: the term in which this broker leads the partition.
  transaction_coordinator(std::int32_t coordinator_epoch, const transaction_settings& settings,
                          const defects& broken = {});

  // A record of the log, version first in both. A key of an unknown kind is none of ours
  // (KIP-915). An error: a record that a newer Weir or Kafka wrote, or damage; whoever goes on
  // without it forgets a transaction, so the coordinator must not serve.
  std::expected<void, kafka::codec_error> apply(const fragments& key,
                                                const std::optional<fragments>& value);
  // The log was read to its end. Transactions that were prepared get their markers; open ones have
  // what is left of their timeouts, by the wall clock, and not more than all of it.
  effects loaded(moment now);

  // Before loaded() it answers COORDINATOR_LOAD_IN_PROGRESS.
  effects step(const request& r, const request_context& context);
  // Whether this request may take a producer id that nobody has (request_context::fresh_producer).
  [[nodiscard]] bool needs_producer_id(const request& r) const;

  // The marker is in the partition's log, committed there.
  effects marker_written(const marker_report& report, moment now);
  effects marker_failed(const marker_report& report, marker_failure why, moment now);

  // Aborts what is too old, sends markers again, forgets ids. Nothing happens before next_deadline.
  effects tick(moment now);
  // Steady time of the next tick that does something; nothing: none is due.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;

  void configure(const transaction_settings& settings) { settings_ = settings; }

  [[nodiscard]] bool is_loaded() const { return loaded_; }
  [[nodiscard]] std::size_t size() const { return transactions_.size(); }
  [[nodiscard]] const transaction* find(std::string_view id) const;
  [[nodiscard]] std::vector<std::pair<std::string, transaction>> all() const;  // by id

 private:
  using age_list = std::list<std::string_view>;
  struct sent_marker {
    std::int64_t due = 0;  // steady time: send it again
    std::uint32_t failures = 0;
  };
  // A transaction with what its leader has in hand for it.
  struct entry {
    transaction is;
    std::optional<age_list::iterator> idle;  // its place in idle_
    std::uint64_t ending = 0;                // of the transaction, if it is prepared
    std::map<topic_partition, sent_marker> unwritten;
    std::optional<std::int64_t> due;  // its place in due_: a timeout, or the first of `unwritten`
  };
  using entry_map = std::map<std::string, entry, std::less<>>;
  using place = entry_map::iterator;

  // state.cc. become() is the one place where what is stored changes; none: the id is gone.
  place become(std::string_view id, std::optional<transaction> next);
  place emit(std::string_view id, std::optional<transaction> next, effects& out);
  void set_due(place at, std::optional<std::int64_t> steady_ms);

  // init_producer_id.cc
  void on(const kafka::init_producer_id_request& r, const request_context& c, effects& out);
  kafka::init_producer_id_response init(const kafka::init_producer_id_request& r,
                                        const request_context& c, effects& out);
  kafka::init_producer_id_response init_idle(place at, const kafka::init_producer_id_request& r,
                                             const request_context& c, effects& out);
  kafka::init_producer_id_response init_new(const kafka::init_producer_id_request& r,
                                            const request_context& c, effects& out);
  // add_partitions.cc
  void on(const kafka::add_partitions_to_txn_request& r, const request_context& c, effects& out);
  void on(const add_offsets_to_txn& r, const request_context& c, effects& out);
  kafka::error_code add(std::string_view id, const claim& by, const partition_set& partitions,
                        std::int16_t client_version, moment now, effects& out);
  // end_txn.cc
  void on(const kafka::end_txn_request& r, const request_context& c, effects& out);
  kafka::end_txn_response end(const kafka::end_txn_request& r, const request_context& c,
                              effects& out);
  kafka::end_txn_response end_by_client(place at, const kafka::end_txn_request& r,
                                        const request_context& c, effects& out);
  void fence_and_abort(place at, moment now, effects& out);
  // markers.cc
  void prepare(place at, transaction prepared, moment now, effects& out);
  void send_markers(place at, moment now, effects& out);
  void send_again(place at, moment now, effects& out);
  void complete(place at, moment now, effects& out);
  void look_after(place at);
  place find_ending(const marker_report& report);
  // describe.cc
  void on(const kafka::describe_transactions_request& r, const request_context& c, effects& out);
  void on(const kafka::list_transactions_request& r, const request_context& c, effects& out);
  // coordinator.cc
  void expire(moment now, effects& out);

  std::int32_t coordinator_epoch_;
  transaction_settings settings_;
  [[no_unique_address]] defects broken_;
  bool loaded_ = false;
  entry_map transactions_;
  age_list idle_;                                            // least recently used first
  std::set<std::pair<std::int64_t, std::string_view>> due_;  // steady time, id
  std::uint64_t endings_;        // the last one's number; of no other term, so late reports tell
  std::int64_t expiry_due_ = 0;  // steady time of the next look at idle_
};

}  // namespace weir::transaction
