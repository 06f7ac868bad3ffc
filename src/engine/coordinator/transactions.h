#pragma once
// Transactional ids: core/transaction over the partitions of __transaction_state. Markers that it
// orders go to the leaders of their partitions (marker_sender.h).
#include <deque>

#include "core/transaction/coordinator.h"
#include "engine/coordinator/coordinators.h"
#include "engine/coordinator/marker_sender.h"

namespace weir {

struct transaction_request {
  transaction::request is;
  std::int16_t api_version = 0;
};

class transaction_kind final : private topic_listener {
 public:
  using core = transaction::transaction_coordinator;
  using request = transaction_request;
  using answer = transaction::answer;
  using effects = transaction::effects;

  // `markers`: of this shard.
  transaction_kind(coordinators<transaction_kind>& all, marker_writer& markers);
  ~transaction_kind() override;
  transaction_kind(const transaction_kind&) = delete;

  std::unique_ptr<core> make(std::int32_t epoch);
  static bool replay(core& c, const record::batch_header& batch, const record::record& stored);
  static void replay_marker(core&, const record::batch_header&, record::marker_seen) {}
  static std::optional<step_in_transaction> transaction_of(const request&) { return std::nullopt; }
  // A producer id that nobody has, where the step may take one.
  seastar::future<> prepare(const core& c, const request& r);
  effects step(core& c, request r, group::ticket t, group::moment now);
  static effects loaded(core& c, group::moment now) { return c.loaded(now); }
  static effects tick(core& c, group::moment now) { return c.tick(now); }
  static std::optional<std::int64_t> next_deadline(const core& c) { return c.next_deadline(); }
  void released(std::int32_t partition, effects out);
  seastar::future<> stop();

 private:
  void topic_deleted(const std::string&, const uuid&) override {}
  void catalog_changed() override;
  void report(marker_sender::told what);
  seastar::future<> report_again(marker_sender::told what);
  [[nodiscard]] transaction::transaction_settings settings() const;

  coordinators<transaction_kind>& all_;
  marker_sender sender_;
  fibers reports_{"reports of markers"};
  std::deque<producer_id> fresh_;  // drawn and not taken
};

using transactions_of_shard = coordinators<transaction_kind>;

}  // namespace weir
