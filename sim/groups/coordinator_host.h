#pragma once
// The coordinator of one partition of `__consumer_offsets` on one broker, while that leads it. Does
// what the shell does (core/group/emitted.h, engine/coordinator), and compares the state with its
// replay after every step.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/group/coordinator.h"
#include "sim/groups/surroundings.h"

namespace weir::sim::groups {

class coordinator_host final : public replicated_log::follower_of_terms {
 public:
  // None: nothing will be heard.
  using answered = std::function<void(std::optional<group::answer>)>;
  // Whether that broker is hit now: by a crash, or another leader.
  using misfortune = std::function<bool(std::size_t log, broker)>;
  // Makes topics for a streams group, and tells why those failed that did.
  using failures = std::map<text, std::string>;
  using topic_maker = std::function<void(const group::internal_topics_wanted&,
                                         const std::function<void(const failures&)>&)>;

  coordinator_host(surroundings& around, replicated_log& log, broker on, const clock& time,
                   const group::topic_view& topics, misfortune hit, topic_maker make_topics);

  void ask(const group::request& r, std::int16_t version, const std::string& client,
           const answered& then);
  // True: it is in the log, or was; false: ask again.
  void end_transaction(const marker& m, const std::function<void(bool)>& then);
  void topic_deleted(const group::deleted_topic& topic);
  void topics_changed();
  [[nodiscard]] bool decides() const { return deciding_; }
  // All that it decided so far is committed.
  [[nodiscard]] bool is_settled() const {
    return deciding_ && log_.committed(on_) == log_.size(on_);
  }
  [[nodiscard]] std::size_t entries() const { return log_.size(on_); }
  [[nodiscard]] std::string name() const { return fmt::format("{}@{}", log_.number(), on_); }

  void serves(std::int32_t term) override;
  void committed() override { release(); }
  void ends() override;

 private:
  struct held {
    std::size_t after;  // entries committed
    moment since;
    bool placed;
    std::vector<std::pair<group::ticket, group::answer>> answers;
    std::function<void()> then;
  };
  struct question {
    group::request is;
    std::int16_t version = 0;
    answered then;
  };
  struct producer {
    producer_epoch epoch = no_producer_epoch;
    bool ended = false;
  };

  [[nodiscard]] group::moment now() const;
  void read_on(std::int32_t term);
  void read(const placed& what);
  void decide();
  void take(group::emitted<group::answer> out, cause why, const group::request* r = nullptr);
  void place(group::coordinator_batch batch, cause why);
  // What the core wants made, once all before it is committed; nothing: it wants none.
  std::function<void()> topics_wanted();
  void hold(held h);
  void release();
  void answer(group::ticket whose, std::size_t after, const group::answer& with);
  void arm();
  bool refuses_producer(const group::request& r) const;
  void check_replay(const char* when) const;

  surroundings& around_;
  replicated_log& log_;
  broker on_;
  clock clock_;
  const group::topic_view& topics_;
  misfortune hit_;
  topic_maker make_topics_;

  bool serving_ = false;
  bool deciding_ = false;
  std::int32_t term_ = 0;
  std::size_t read_ = 0;  // entries
  std::unique_ptr<group::coordinator> core_;
  std::unique_ptr<group::coordinator> replayed_;
  std::map<producer_id, producer> producers_;
  std::deque<held> held_;
  std::map<group::ticket, question> asked_;
  group::ticket tickets_ = 0;
  moment alarm_ = -1;  // the earliest tick that is asked for
};

}  // namespace weir::sim::groups
