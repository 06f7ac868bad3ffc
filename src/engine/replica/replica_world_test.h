#pragma once
// Replicas of one partition in one process, each on a file system that loses what was not flushed,
// between them a network that delays, loses, repeats and reorders, cut and healed by seed; time is
// a number. What must hold is checked as it goes and at the end:
//
// - what was acknowledged is there, where the answer said, once; offsets have no holes;
// - who waits for time is asked by a clock;
// - one leader a term; nobody's commit or high watermark falls in a life;
// - what a reader got is what every reader gets there, for ever;
// - after the calm all logs are the same, byte for byte; where they were compacted, each by itself,
//   the newest of each key is the same, and what was deleted is nowhere;
// - a reader of committed transactions sees nothing of others, and in the end all of each; no last
//   stable offset passes a transaction that is open; what is known of producers is the log's fold.
#include <map>
#include <optional>
#include <random>
#include <set>

#include "engine/replica/replica.h"
#include "engine/store/kept_log_test.h"

namespace weir {

struct world_plan {
  int voters = 3;
  int spares = 0;  // that may join
  unsigned steps = 300;
  double loss = 0;
  double repeat = 0;
  std::int64_t delay_max = 10;  // ms
  double crash = 0;             // of some member, in a step
  double cut = 0;               // of a link, a member or a half
  double transfer = 0;
  double change = 0;
  double trim = 0;
  int transactors = 0;  // producers with transactions
  std::size_t aborted_max = 10'000;
  double compact = 0;  // of some member, in a step; records have keys then, and some delete them
  bool with_journal = false;
  bool rest = false;
  double alarm = 0;  // somebody is told that its leader's node is gone, and it is not
  std::uint64_t segment_bytes = 16 * 1024;
  unsigned disk_delay_max = 3;
  std::uint32_t inflight = 8;
  std::uint64_t append_bytes = 1 << 20;
  std::size_t catch_up_bytes = 0;  // 0: no bound
};
world_plan draw_world(std::uint64_t seed);

class replica_world {
 public:
  replica_world(std::uint64_t seed, world_plan plan);
  ~replica_world();

  seastar::future<> open_all();
  seastar::future<> stop_all();
  // Chaos, then calm, then all checks.
  seastar::future<> run();

  // A moment: messages, ticks, and some turns for the disks.
  seastar::future<> step();
  seastar::future<> steps(unsigned count);
  // Steps until it holds; fails the test if it doesn't.
  template <typename Holds>
  seastar::future<> until(Holds holds, const char* what, unsigned most = 2000) {
    for (unsigned i = 0; i < most && !holds(); ++i) co_await step();
    require(holds(), what);
  }
  seastar::future<> open(int node);
  seastar::future<> crash(int node);
  // One batch of a producer; true: acknowledged.
  seastar::future<bool> produce(int producer);
  seastar::future<> produce_some(int count);
  seastar::future<> check_equal();
  seastar::future<> check_keys();
  seastar::future<> compact(int node);
  void heal();
  void cut(int from, int to) { cuts_.insert({from, to}); }
  void isolate(int node);

  [[nodiscard]] replica* at(int node) {
    return members_[static_cast<std::size_t>(node - 1)].r.get();
  }
  [[nodiscard]] store::machine& machine_of(int node) {
    return *members_[static_cast<std::size_t>(node - 1)].m;
  }
  // Who leads and serves; 0: nobody.
  [[nodiscard]] int leader() const;
  [[nodiscard]] bool agreed() const;
  void require(bool good, const std::string& what) const;
  [[nodiscard]] int nodes() const { return static_cast<int>(members_.size()); }
  [[nodiscard]] std::uint64_t acknowledged() const { return acked_.size(); }

 private:
  struct member;
  struct outbox;
  struct packet {
    peer::raft_post post;
    std::optional<fragments> state;
    std::shared_ptr<seastar::promise<bool>> taken;
  };
  struct producer {
    std::int32_t next = 0;
    bool busy = false;
  };
  struct beat {
    std::int64_t at = 0;
    std::uint64_t life = 0;
  };
  // A producer with transactions and its coordinator, both of which survive everything.
  struct transactor {
    bool busy = false;
    int version = 1;
    std::int16_t epoch = 0;
    std::int32_t next = 0;  // sequence
    int number = 0;         // of the transaction
    std::int32_t coordinator = 0;
    bool in_doubt = false;        // a batch whose fate is not known
    std::optional<offset> first;  // of the current transaction, acknowledged; nobody ends it yet
    std::optional<verification> given;  // of this transaction
    std::optional<verification> stale;  // of the one before
  };
  struct member {
    int id = 0;
    std::unique_ptr<store::machine> m;
    std::unique_ptr<store::journal> journal;
    std::unique_ptr<replica_ticker> ticker;
    std::unique_ptr<catch_up_budget> catch_up;
    std::unique_ptr<outbox> out;
    std::unique_ptr<replica> r;
    bool changing = false;  // starts or ends
    std::uint64_t life = 0;
    std::vector<std::shared_ptr<seastar::promise<bool>>> shipping;
    log_index commit{};
    offset high_watermark{0};
    std::map<int, beat> heard;  // of the others' nodes
    offset stable{0};
  };

  void send(packet p);
  seastar::future<> deliver(packet p);
  seastar::future<> whole_run();
  seastar::future<> close(member& m);
  void trouble();
  void make_cuts();
  void try_change();
  void check_step();
  void hear_beats();
  seastar::future<> read_some();
  seastar::future<> attempt(int producer);
  seastar::future<> calm();
  seastar::future<> check_acknowledged();

  // replica_world_transactions_test.cc
  seastar::future<> transact(int number);
  seastar::future<> send_transactional(int number);
  seastar::future<> end_transaction(int number, bool commit);
  seastar::future<bool> write_marker(const log::transaction_marker& marker, int version);
  void try_what_is_late(int number);
  record::validated_batch transactional_batch(int number) const;
  seastar::future<> read_committed_some();
  void check_stable(member& m) const;
  seastar::future<> end_all_transactions();
  seastar::future<> check_transactions();
  seastar::future<> check_fold(replica& r);
  struct visible {
    int transactor;
    int number;
    offset at;
    [[nodiscard]] bool is_of(const visible& other) const {
      return transactor == other.transactor && number == other.number;
    }
    auto operator<=>(const visible&) const = default;
  };
  void take_visible(const store::read_result& got, std::vector<visible>& into) const;
  [[nodiscard]] bool chance(double p) {
    return static_cast<double>(random_() % 1'000'000) < p * 1'000'000;
  }
  [[nodiscard]] member& any() { return members_[random_() % members_.size()]; }
  void spawn(seastar::future<> work);
  record::validated_batch batch_of(int producer, std::int32_t sequence, std::size_t records) const;
  // Of a record where logs are compacted; one in five deletes.
  static std::string key_of(int producer, std::int32_t sequence, std::size_t i) {
    return fmt::format("k{}", (static_cast<std::size_t>(producer * 5 + sequence) + i * 3) % 13);
  }
  static bool deletes(std::int32_t sequence, std::size_t i) {
    return (static_cast<std::size_t>(sequence) + i) % 5 == 0;
  }
  static std::size_t records_of(int producer, std::int32_t sequence) {
    return 1 + static_cast<std::size_t>(producer * 7 + sequence) % 3;
  }

  std::uint64_t seed_;
  world_plan plan_;
  std::mt19937_64 random_;
  std::int64_t now_ = 1000;
  std::vector<member> members_;
  std::multimap<std::int64_t, packet> queue_;
  std::set<std::pair<int, int>> cuts_;
  std::map<std::uint64_t, int> leaders_;
  std::vector<producer> producers_;
  std::vector<transactor> transactors_;
  std::map<std::pair<int, int>, bool> decided_;  // transactor, number: committed
  std::vector<visible> acked_in_transactions_;   // first offsets of batches
  std::map<std::pair<int, std::int32_t>, offset> acked_;
  std::map<offset, std::string> seen_;  // by readers: batches
  struct placed {
    int producer;
    std::int32_t sequence;
  };
  std::map<std::pair<log_index, term>, placed> placed_;
  seastar::gate work_;
  std::exception_ptr failed_;
};

}  // namespace weir
