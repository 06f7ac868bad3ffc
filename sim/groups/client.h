#pragma once
// A consumer in a group, as Kafka's clients behave: it looks for its coordinator, asks again where
// an answer is lost, reads what it was given, and commits how far it came. What is different
// between the two protocols is in classic_client and consumer_client.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/groups/coordinator_host.h"
#include "sim/groups/oracle.h"
#include "sim/groups/transactions.h"

namespace weir::sim::groups {

class streams_client;

// One partition that is read, by name: how far, and how far a commit may go.
struct reading {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const reading&) const = default;
};

class client {
 public:
  struct ways {
    std::function<broker(const std::string& group)> find_coordinator;
    std::function<void(broker, const std::string& group, const group::request&, std::int16_t,
                       const attempt&, const coordinator_host::answered&)>
        ask;
    topics* known = nullptr;
    transactions* within = nullptr;
  };
  struct traits {
    std::uint64_t number = 0;
    std::string group;
    std::optional<std::string> instance;
    bool transactional = false;
    std::set<std::string> topics;
    std::string regex;
  };

  client(surroundings& around, ways how, traits is)
      : around_(around), how_(std::move(how)), is_(std::move(is)) {}
  virtual ~client() = default;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  void start() { next(); }
  // Says so, and goes.
  void leave() { leaving_ = true; }
  // Is gone, and says nothing.
  void vanish();
  [[nodiscard]] bool speaks_classic() const { return is_classic(); }
  // Null: it is of another protocol.
  [[nodiscard]] virtual const streams_client* streams() const { return nullptr; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool is_leaving() const { return leaving_; }
  [[nodiscard]] const traits& is() const { return is_; }
  [[nodiscard]] const std::string& member_id() const { return member_id_; }
  [[nodiscard]] std::int32_t epoch() const { return epoch_; }
  // What it reads now, by topics that are there.
  [[nodiscard]] std::set<reading> reads() const;
  [[nodiscard]] std::string str() const;

 protected:
  // Its next request; every way through it ends in next().
  virtual void act() = 0;
  virtual void heed(kafka::error_code why) = 0;
  [[nodiscard]] virtual bool is_classic() const = 0;
  // Commits what it likes.
  [[nodiscard]] virtual bool is_outside() const { return false; }

  void next();
  void look_elsewhere() { coordinator_ = how_.find_coordinator(is_.group); }
  [[nodiscard]] bool is_passing(kafka::error_code why);
  template <typename Answer>
  void ask(const group::request& r, std::int16_t version, moment patience,
           std::function<void(const Answer&)> then, std::function<void()> no_answer,
           bool may_come_late = false);
  // Reads these from now on.
  void take(const std::vector<partition_key>& partitions);
  // Asks where to begin with what it does not know that of. False: there is nothing to ask.
  bool fetch();
  void give_up(const partition_key& p);
  void give_up_all();
  // How far it came with some of what it reads.
  void commit();
  // It must say that it lives before it does anything else.
  [[nodiscard]] bool is_silent(moment session) const {
    return around_.events.now() - heard_ > session / 3;
  }
  void is_heard() { heard_ = around_.events.now(); }
  // Who is put out does not always believe it at once.
  [[nodiscard]] bool insists() const {
    return epoch_ > 0 && !at_.empty() && !around_.calm &&
           around_.chance.chance(around_.rules.stubborn);
  }
  // Sleeps longer than the group waits, and goes on as if nothing had been.
  void pause(moment session);

  surroundings& around_;
  ways how_;
  traits is_;
  std::string member_id_;
  std::int32_t epoch_ = 0;  // or generation
  bool leaving_ = false;
  bool over_ = false;
  std::map<partition_key, std::int64_t, decltype([](const auto& a, const auto& b) {
             return std::pair(a.topic_id, a.partition) < std::pair(b.topic_id, b.partition);
           })>
      at_;  // how far it has read; -1: it does not know yet

 private:
  void on_fetched(const kafka::offset_fetch_response& a, const std::vector<partition_key>& asked,
                  const std::vector<std::size_t>& since);
  void commit_plain(const partition_key& p, std::int64_t to, bool goes_back);
  void commit_within(const partition_key& p, std::int64_t to);
  void end_transaction(const partition_key& p, std::int64_t before, bool commit);
  [[nodiscard]] claim claim_now(const partition_key& p, bool transactional, bool goes_back) const;
  [[nodiscard]] place place_of(const partition_key& p) const;

  broker coordinator_ = 0;
  std::uint64_t turn_ = 0;
  moment heard_ = 0;  // when it last sent a sign of life
  struct unfinished {
    partition_key of;
    std::int64_t before = 0;
  };
  std::optional<unfinished> unfinished_;                // its transaction
  std::set<std::pair<uuid, std::int32_t>> going_back_;  // until a commit is acknowledged
};

template <typename Answer>
void client::ask(const group::request& r, std::int16_t version, moment patience,
                 std::function<void(const Answer&)> then, std::function<void()> no_answer,
                 bool may_come_late) {
  // Whichever comes first: the answer, or the end of patience.
  const auto done = std::make_shared<bool>(false);
  const auto given_up = std::make_shared<bool>(false);
  how_.ask(coordinator_, is_.group, r, version, may_come_late ? nullptr : given_up,
           [this, done, then = std::move(then), no_answer](const std::optional<group::answer>& a) {
             if (over_ || std::exchange(*done, true)) return;
             if (a) return then(std::get<Answer>(*a));
             look_elsewhere();
             no_answer();
           });
  around_.events.after(patience, [this, done, given_up, no_answer] {
    if (over_ || std::exchange(*done, true)) return;
    // What is on the old connection does not arrive any more.
    *given_up = true;
    look_elsewhere();
    no_answer();
  });
}

}  // namespace weir::sim::groups
