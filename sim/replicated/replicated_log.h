#pragma once
// One partition: a copy of its log on each broker, and who leads it. What Raft gives to those above
// it, no more: elections happen where the world wants them, by majorities of those that can be
// heard, and an old leader goes on until it hears of it or misses the others. Raft itself is
// simulated elsewhere (sim/world.h).
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/group/emitted.h"
#include "sim/replicated/surroundings.h"

namespace weir::sim::replicated {

struct marker {
  producer_id producer;
  producer_epoch epoch;
  bool commit = false;
};

// Why records are in the log.
enum class cause : std::uint8_t { none, request, time, topics, load };

// A batch, a marker, or the beginning of a term.
struct placed {
  std::int32_t term = 0;
  group::coordinator_batch batch;
  std::optional<marker> ends;
  cause why = cause::none;
  std::uint64_t tag = 0;   // of the world's own books
  std::int64_t count = 0;  // of records, in a partition of which nobody reads what they say
  bool hidden = false;     // those are for nobody: a control batch, or of an aborted transaction
};
using entry = std::shared_ptr<const placed>;

// Rules of whoever cleans the log.
struct cleaner_defects {
  bool cleans_open = false;            // records of open transactions replace others
  bool cleans_all_tombstones = false;  // also one whose older record is still there
};

class replicated_log {
 public:
  // Once for each entry, in their order.
  using told_committed = std::function<void(std::size_t log, std::size_t index, const placed&)>;

  // What becomes of a broker that leads.
  struct follower_of_terms {
    virtual ~follower_of_terms() = default;
    virtual void serves(std::int32_t term) = 0;  // an entry of its term is committed
    virtual void committed() = 0;
    virtual void ends() = 0;  // it does not lead any more
  };

  replicated_log(surroundings& around, std::size_t number, std::size_t brokers,
                 const cleaner_defects& broken, told_committed committed);
  void listen(broker b, follower_of_terms* to) { copies_[b].to = to; }

  // Leads after that, if a majority can be heard and takes it.
  bool elect(broker b);
  void place(broker b, placed what);
  void crash(broker b);
  void start(broker b);
  // Writes what is committed there again, without what newer records replace. Tombstones stay until
  // whoever reads has seen them.
  void compact(broker b);

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] std::size_t size(broker b) const { return copies_[b].entries.size(); }
  // As it is read from this copy, from 0 on.
  [[nodiscard]] const placed& at(broker b, std::size_t i) const {
    const auto& c = copies_[b];
    return i < c.clean.size() ? *c.clean[i] : *c.entries[i];
  }
  [[nodiscard]] std::size_t committed(broker b) const { return copies_[b].commit; }
  [[nodiscard]] bool leads(broker b) const { return copies_[b].leads; }
  [[nodiscard]] bool serves(broker b) const { return copies_[b].serves; }
  [[nodiscard]] std::int32_t term(broker b) const { return copies_[b].term; }
  [[nodiscard]] bool up(broker b) const { return copies_[b].up; }
  // Whether a majority said since then that this broker leads.
  [[nodiscard]] bool confirmed(broker b, moment since) const;
  // Asks the others whether it does.
  void confirm(broker b) { send_all(b); }
  // Whether somebody leads whom a majority can hear.
  [[nodiscard]] bool is_led() const;

 private:
  struct copy {
    std::vector<entry> entries;                           // as they were placed
    std::vector<entry> clean;                             // the first ones, as compaction left them
    std::vector<std::pair<moment, std::size_t>> cleaned;  // when, and up to where
    std::size_t durable = 0;
    std::size_t commit = 0;
    std::int32_t term = 0;
    bool up = true;
    bool leads = false;
    bool serves = false;
    std::size_t first_of_term = 0;
    std::vector<std::size_t> match;
    std::vector<moment> heard;  // when it answered
    std::vector<moment> asked;  // when what it answered was sent
    std::uint64_t life = 0;     // changes when anything on its way to the disk is void
    follower_of_terms* to = nullptr;
  };
  struct append {
    broker from = 0;
    std::int32_t term = 0;
    std::size_t previous = 0;
    std::int32_t previous_term = 0;
    std::vector<entry> entries;
    std::size_t commit = 0;
    moment sent = 0;
  };

  [[nodiscard]] bool reach(broker a, broker b) const;
  [[nodiscard]] std::size_t majority() const { return copies_.size() / 2 + 1; }
  void send(broker from, broker to, std::function<void()> arrives);
  void send_all(broker leader);
  void beat(broker leader, std::int32_t term);
  void take(broker b, const append& a);
  void flush(broker b, std::function<void()> then);
  void acknowledge(broker b, const append& a);
  void cut_off(broker b, std::size_t at);
  void see_term(broker b, std::int32_t term);
  void step_down(broker b);
  void advance(broker leader);
  void set_commit(broker b, std::size_t to);
  void see_reply(broker leader, broker from, std::int32_t term, std::size_t match, moment sent);

  surroundings& around_;
  std::size_t number_;
  cleaner_defects broken_;
  told_committed tell_committed_;
  std::vector<copy> copies_;
  std::size_t told_ = 0;  // of what is committed
};

}  // namespace weir::sim::replicated
