#pragma once
// One partition as one share group reads it, on the shard of the partition's replica, while this
// broker leads it (docs/decisions/0020-share-partitions.md). Made at the first fetch; read from the
// share coordinator; over when leadership ends, when a write of its state fails, or when nobody has
// used it for a while.
//
// Invariants: what core/share decides is told to the share coordinator in the order in which it was
// decided, and an acknowledgement is answered once that is stored; what is over is never asked
// again.
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/shared_ptr.hh>
#include <seastar/core/timer.hh>

#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/codec/error_code.h"
#include "engine/coordinator/share_persister.h"
#include "engine/share/share_meters.h"
#include "engine/share/share_rules.h"

namespace weir {

struct share_fault {
  kafka::error_code code = kafka::error_code::none;
  std::string_view message{};  // a literal; empty: the code's own
};
using share_outcome = std::expected<void, share_fault>;

struct share_budget {
  std::size_t bytes = 0;
  std::int32_t records = 0;
  std::int32_t batch_size = 0;
  bool exact = false;         // not one record more than `records`
  bool at_least_one = false;  // a batch, however large
  bool look_only = false;     // how much there is; nothing is given
};

struct share_taken {
  fragments records;
  std::vector<share::acquired_range> ranges;
  std::int32_t count = 0;
  std::size_t bytes = 0;      // of what there is, also where nothing was given
  std::uint64_t version = 0;  // of the partition when that was so
};

class led_share_partition : public seastar::enable_lw_shared_from_this<led_share_partition> {
 public:
  using clock = seastar::lowres_clock;

  led_share_partition(share::share_partition of, replica& from, cluster& where,
                      share_persister& persister, share_meters& meters, fibers& background);

  // Reads what is stored. Rules are the group's of now.
  void begin(const share_rules& rules);
  // Whether it is no more, and why: none, where nobody is to be told.
  [[nodiscard]] const std::optional<kafka::error_code>& over() const { return over_; }
  [[nodiscard]] bool ready() const { return !over_ && deliveries_.has_value(); }
  void end(kafka::error_code why);

  // What there is for a member now. Nothing while it is not ready, or another one reads.
  seastar::future<share_taken> take(text member, share_budget budget, share_rules rules);
  // Resolves once what it changed is stored.
  seastar::future<share_outcome> acknowledge(text member, std::vector<share::acknowledgement> what,
                                             share_rules rules);
  // The member's session is over. Where nothing is out any more, so is this, soon.
  void release(const text& member, const share_rules& rules);
  // A member's session begins. Where nothing is out, what is stored is read again: the group may
  // have been put elsewhere, or deleted and made again, while nobody was in it.
  void refresh();

  // Grows whenever there may be something to take that was not there before.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  event_source& news() { return news_; }
  [[nodiscard]] bool idle_since(clock::time_point then) const;
  [[nodiscard]] std::int64_t in_flight() const {
    return deliveries_ ? deliveries_->in_flight() : 0;
  }

 private:
  using self_ptr = seastar::lw_shared_ptr<led_share_partition>;
  using outcome_promise = seastar::promise<share_outcome>;

  [[nodiscard]] bool led() const;
  // Leadership and the log's start are looked at before each use.
  bool look();
  static seastar::future<> load(self_ptr self, share_rules rules);
  seastar::future<std::expected<offset, kafka::error_code>> first_offset(share_reset reset);
  seastar::future<std::optional<share_taken>> take_once(const text& member,
                                                        const share_budget& budget,
                                                        const share_rules& rules);
  share_taken given(const text& member, offset asked, store::read_result got,
                    const share_budget& budget, const share_rules& rules);
  [[nodiscard]] share_taken nothing() const { return {.version = version_}; }
  // What is to be stored; `told` once it is.
  seastar::future<share_outcome> store(share::delivery_change change);
  void store_aside(share::delivery_change change);
  static seastar::future<> write_all(self_ptr self);
  static seastar::future<> retire(self_ptr self);
  seastar::future<kafka::error_code> write(share::delivery_change change);
  void settled();
  void tick();
  void tell();

  share::share_partition name_;
  partition_key key_;
  replica* from_;
  cluster& where_;
  share_persister& persister_;
  share_meters& meters_;
  fibers& background_;
  std::int32_t epoch_;
  std::int32_t state_epoch_ = 0;
  share::delivery_settings settings_;  // as they were last seen
  std::optional<share::deliveries> deliveries_;
  std::optional<kafka::error_code> over_;
  bool reading_ = false;
  bool turned_away_ = false;  // somebody was, by who reads
  // Changes that wait for the write under way, and who waits for them.
  share::delivery_change unsaid_;
  std::vector<outcome_promise> waiting_;
  bool writing_ = false;
  std::uint64_t version_ = 1;
  event_source news_;
  clock::time_point used_ = clock::now();  // when it last gave or was told something
  seastar::timer<clock> timer_;
  std::function<void()> on_news_;
  event_listener replica_news_;
  event_listener group_news_;
};

}  // namespace weir
