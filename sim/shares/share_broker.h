#pragma once
// A broker that members of share groups read from: their sessions, and the share partitions that it
// leads, as engine/share/share_reading and the handlers of ShareFetch and ShareAcknowledge.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/share/sessions.h"
#include "sim/shares/share_leader.h"

namespace weir::sim::shares {

struct said_of_partition {
  std::size_t partition = 0;  // of the world
  std::vector<said> what;
};

struct share_request {
  share::session_key who;
  bool fetches = true;  // otherwise it only acknowledges
  std::int32_t epoch = 0;
  std::uint64_t connection = 0;
  std::vector<std::size_t> named{};
  std::vector<std::size_t> forgotten{};
  std::vector<said_of_partition> says{};
  share_leader::budget wants{};
};

struct share_reply {
  kafka::error_code error = kafka::error_code::none;
  std::vector<std::pair<std::size_t, kafka::error_code>> told{};  // of what was said, in its order
  struct given {
    std::size_t partition = 0;
    kafka::error_code error = kafka::error_code::none;
    std::vector<share::acquired_range> ranges{};
  };
  std::vector<given> gives{};
};

class share_broker {
 public:
  using answered = std::function<void(const share_reply&)>;
  using log_of = std::function<std::size_t(const share::share_partition&)>;

  share_broker(surroundings& around, broker on, const clock& time, persister& states,
               std::vector<std::unique_ptr<data_partition>>& partitions, log_of logs)
      : around_(around),
        on_(on),
        clock_(time),
        states_(states),
        partitions_(partitions),
        logs_(std::move(logs)),
        sessions_(around.rules.broken) {}
  ~share_broker() {
    for (const auto& [at, p] : led_) p->let_go();
  }
  share_broker(const share_broker&) = delete;
  share_broker& operator=(const share_broker&) = delete;

  void ask(const share_request& r, const answered& then);
  // Whether this request had its turn, in the session that is there.
  [[nodiscard]] bool knows(const share_request& r) const;
  void connection_closed(const share::session_key& who, std::uint64_t connection);
  void crash();
  // Those that have nothing to do are not kept.
  void sweep();
  // Of that partition: what ended is told.
  void look(std::size_t partition);

 private:
  using leader_ptr = std::shared_ptr<share_leader>;
  using place = std::pair<std::string, std::size_t>;  // group and partition
  struct turn;
  using turn_ptr = std::shared_ptr<turn>;

  void say_on(const turn_ptr& t);
  void take_on(const turn_ptr& t);
  void answer(const turn_ptr& t);
  void release(const share::session_key& who, const std::vector<partition_key>& touched);
  [[nodiscard]] std::size_t number_of(const partition_key& key) const;
  [[nodiscard]] leader_ptr find(const std::string& group, std::size_t partition) const;
  std::expected<leader_ptr, kafka::error_code> find_or_make(const std::string& group,
                                                            std::size_t partition);

  surroundings& around_;
  broker on_;
  clock clock_;
  persister& states_;
  std::vector<std::unique_ptr<data_partition>>& partitions_;
  log_of logs_;
  share::share_sessions sessions_;
  std::map<place, leader_ptr> led_;
  // Of each session: the connection that it began with, and the last request that had its turn.
  std::map<share::session_key, std::pair<std::uint64_t, std::int32_t>> turns_;
  std::uint64_t life_ = 1;
};

}  // namespace weir::sim::shares
