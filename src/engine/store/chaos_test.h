#pragma once
// One seeded run of several logs over one journal on a bad device, and what must hold of it:
//
// - all that was durable is there again, byte for byte, in order, but for records that compaction
//   may take: below what was committed, with a newer one of their key; nothing is there that was
//   never appended, or was taken back;
// - each record is in the term that it was appended in;
// - the last vote is one that was cast, and none older than one that was durable;
// - the start of a log is where it was moved to, or between that and where it was being moved to;
// - reads never give wrong bytes: with flipped bits they give damage;
// - a device without room fails nothing, and when it has room again everything goes on.
//
// A log's offset and index go together here: each frame is a batch of one record.
#include <seastar/util/later.hh>

#include <optional>
#include <vector>

#include "engine/store/file_remover.h"
#include "engine/store/kept_log_test.h"

namespace weir::store {

// What goes wrong in one life of the machine.
enum class trouble : std::uint8_t {
  none,
  io_errors,
  no_space,
  small_device,
  crash_anywhere,
  flips
};

struct chaos_plan {
  int logs = 3;
  int lives = 4;
  unsigned steps = 60;
  std::uint64_t segment_bytes = 24 * 1024;
  std::optional<std::uint64_t> journal_bytes = 96 * 1024;
  bool with_remover = true;
  bool with_compaction = false;
  std::uint64_t checkpoint_bytes = 16 << 20;
  std::size_t open_most = machine::many_files;
  unsigned delay_max = 0;
  double short_read = 0;
  std::optional<trouble> only;  // absent: drawn for each life
  std::uint64_t crash_at = 0;   // in the first life, whatever its trouble
};

// Drawn from the seed.
chaos_plan draw_plan(std::uint64_t seed);

class chaos_run {
 public:
  chaos_run(std::uint64_t seed, chaos_plan plan);
  seastar::future<> run();
  [[nodiscard]] std::uint64_t calls() const { return m_.files.calls(); }
  // A sum over what was stored and read: two runs of one seed have the same.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

 private:
  struct told {
    std::uint8_t key;
    weir::term term;
  };
  struct tracked {
    std::unique_ptr<kept_log> log;
    log_index durable{};          // known to be
    offset start{0};              // known to be durable
    offset start_at_most{0};      // was being moved there
    log_index cut_at_least;       // a truncation to here may have happened
    std::vector<told> records{};  // by offset, as kept_log::bodies
    weir::term term{1};
    struct cast {
      log::vote vote;
      std::uint64_t durable_at;  // of partition_log::appended
    };
    std::vector<cast> votes{{}};  // from the last one on that is known to be durable
    offset compacted{0};          // passes may have been below it, so nothing of that is taken back
    std::optional<seastar::future<>> pass{};
  };

  seastar::future<> whole_run();
  seastar::future<> open();
  // `room`: without it the device has not a block more than it holds.
  seastar::future<> open_again(bool room);
  seastar::future<> stop();
  seastar::future<> live(trouble what);
  seastar::future<> step(tracked& t);
  void append(tracked& t);
  void vote(tracked& t);
  seastar::future<> read_some(tracked& t);
  seastar::future<> truncate(tracked& t);
  seastar::future<> delete_below(tracked& t);
  seastar::future<> retention(tracked& t);
  seastar::future<> look_up(tracked& t);
  void compact(tracked& t);
  seastar::future<> one_pass(tracked& t);
  static seastar::future<> end_pass(tracked& t);
  // What was read from `from` on, and goes on at `next`.
  void compare(const tracked& t, const fragments& batches, offset from, offset next);
  seastar::future<> some_turns(std::uint64_t most);
  seastar::future<> calm();  // troubles end; what is not failed must become durable
  seastar::future<> check(tracked& t);
  [[nodiscard]] bool calls_may_fail() const {
    return m_.files.off() || (now_ != trouble::none && now_ != trouble::no_space);
  }
  void make_trouble(trouble what);
  void note_durable();
  void require(bool good, const tracked& t, const std::string& what);

  std::uint64_t seed_;
  chaos_plan plan_;
  std::mt19937_64 random_;
  machine m_;
  std::optional<file_remover> remover_;
  std::optional<journal> journal_;
  std::vector<tracked> logs_;
  trouble now_ = trouble::none;
  trouble of_life_ = trouble::none;
  int life_ = 0;
  std::uint64_t trace_ = 1469598103934665603ULL;
};

}  // namespace weir::store
