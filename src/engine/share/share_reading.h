#pragma once
// Room engine/share: share groups read partitions that this broker leads (KIP-932). Entry points,
// from any shard: fetch, acknowledge, connection_closed for sessions; pass, wait, say, release for
// what they are about.
//
// A session is kept on the shard that its group's and member's names hash to, a share partition on
// that of the partition's replica. Bounds: sessions of the broker (group.share.max.share.sessions),
// share partitions of a shard, records out of each (share.partition.max.record.locks).
#include <absl/container/flat_hash_map.h>

#include <seastar/core/metrics_registration.hh>
#include <seastar/core/sharded.hh>

#include <map>

#include "core/share/sessions.h"
#include "engine/share/led_share_partition.h"
#include "engine/share/share_waits.h"

namespace weir {

// A partition in one fetch.
struct share_want {
  partition_key key;
  unsigned shard = 0;
  bool located = false;
  kafka::error_code error = kafka::error_code::none;
  share_taken taken;
};

// Acknowledgements of one partition, and what came of them.
struct share_said {
  partition_key key;
  std::vector<share::offset_range> ranges;
  std::vector<std::vector<std::int8_t>> types;  // of each
  share_fault fault;
};

struct share_reader {
  std::string group;
  std::string member;
};

class share_reading final : public seastar::peering_sharded_service<share_reading> {
 public:
  share_reading(seastar::sharded<cluster>& where, seastar::sharded<share_persister>& persisters);

  void start();
  // Whoever waits is answered; from here on nobody is served.
  void halt();
  seastar::future<> stop();

  struct session_request {
    share::session_key key;
    std::int32_t epoch = 0;
    std::uint64_t connection = 0;
    std::vector<partition_key> named;
    std::vector<partition_key> forgotten;
  };
  using turn = std::expected<share::session_turn, kafka::error_code>;
  seastar::future<turn> fetch(session_request r);
  seastar::future<turn> acknowledge(session_request r);
  // Its sessions end, and what they held is given back.
  seastar::future<> connection_closed(share::session_key key, std::uint64_t connection);
  seastar::future<> release(share_reader by, std::vector<partition_key> partitions);

  // Takes what there is, partition after partition, each on its shard, as far as the budget goes.
  seastar::future<> pass(share_reader by, std::vector<share_want>& wants, share_budget budget);
  // Until any of them has news that was not seen, the deadline, or cancel_waits().
  seastar::future<> wait(share_reader by, const std::vector<share_want>& wants,
                         seastar::lowres_clock::time_point deadline);
  seastar::future<> say(share_reader by, std::vector<share_said>& what);
  // Rules of the group, as they are now.
  [[nodiscard]] share_rules rules_of(std::string_view group) const;
  // On this shard: nobody is to wait any more.
  void cancel_waits() { waits_.cancel_all(); }

 private:
  struct place {
    std::string group;
    partition_key key;
    bool operator==(const place&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const place& p) {
      return H::combine(std::move(h), p.group, p.key);
    }
  };
  using led_ptr = seastar::lw_shared_ptr<led_share_partition>;

  [[nodiscard]] static unsigned shard_of(const share::session_key& key);
  seastar::future<bool> admit();
  seastar::future<> leave(std::uint64_t count);
  seastar::future<turn> fetch_here(session_request r);
  seastar::future<> refresh(std::string group, std::vector<partition_key> partitions);
  seastar::future<> pass_here(share_reader by, std::vector<share_want*> mine, share_budget budget);
  seastar::future<> pass_one(const share_reader& by, share_want& want, const share_budget& budget,
                             const share_rules& rules);
  seastar::future<> say_here(share_reader by, std::vector<share_said*> mine);
  std::expected<led_ptr, kafka::error_code> find_or_make(const std::string& group,
                                                         const partition_key& key,
                                                         const share_rules& rules);
  [[nodiscard]] led_ptr find(const std::string& group, const partition_key& key) const;
  seastar::future<> sweep();

  cluster& where_;
  share_persister& persister_;
  share::share_sessions sessions_;
  absl::flat_hash_map<place, led_ptr> led_;
  share_waits waits_;
  share_meters meters_;
  std::uint64_t admitted_ = 0;  // shard 0: sessions of the broker
  std::uint64_t next_wait_ = 1;
  bool halted_ = false;
  fibers fibers_{"share groups"};
  seastar::metrics::metric_groups metrics_;
};

}  // namespace weir
