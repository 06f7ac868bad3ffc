#pragma once
// One shard's journal: makes small appends of many logs durable with one write and one flush
// (docs/decisions/0005-journal.md, docs/formats/journal.md). Two files take turns: when one is
// full, the logs that have bytes in it are asked to write them to their own files, and it is used
// again.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/condition-variable.hh>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/log/journal.h"
#include "engine/runtime/fibers.h"
#include "engine/store/file.h"

namespace weir::store {

// What a log has to write that is smaller goes through the journal, larger directly to its segment:
// there the device's time for the bytes outweighs that for a flush of their own.
inline constexpr std::size_t journaled_bytes_max = 512 * 1024;

// The journal has no room, or can't be written: write it elsewhere.
struct journal_unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A log whose bytes the journal may hold.
class journal_user {
 public:
  // Makes durable in its own files what it had appended when called. Appends go on meanwhile. Where
  // it can't, it fails: its bytes stay in the journal.
  virtual seastar::future<> settle() = 0;

 protected:
  ~journal_user() = default;
};

struct journal_figures {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of logs, without heads and padding
  std::uint64_t turns = 0;  // files begun
};

class journal {
 public:
  // `file_bytes`: size of each of the two files.
  journal(file_system& files, std::string directory, unsigned shard, std::uint64_t file_bytes,
          std::function<std::uint64_t()> random);

  // Resolves when the entry is durable: `data` are its bytes, at most journaled_bytes_max, which
  // follow what is in the segment already or came here before. A user has one call at a time under
  // way. Fails with journal_unavailable.
  seastar::future<> append(journal_user& user, log::journal_entry entry, std::vector<bytes> data);
  // Everything that the user ever appended is durable in its own files.
  void settled(journal_user& user);
  // The user goes, and what it appended stays: the files that hold it are not used again.
  void abandon(journal_user& user);
  [[nodiscard]] const journal_figures& figures() const { return figures_; }

  // All users have left.
  seastar::future<> stop();

 private:
  struct request {
    journal_user* user;
    log::journal_entry entry;
    std::vector<bytes> data;
    seastar::promise<> done;
  };
  struct slot {
    std::unique_ptr<file> device;
    log::journal_header header;
    std::uint64_t at = 0;
    std::uint64_t allocated =
        0;  // written once, so that a flush has nothing to tell the file system
    seastar::semaphore extending = seastar::semaphore(1);
    absl::flat_hash_map<journal_user*, std::uint64_t> users;  // by when they came
    std::chrono::steady_clock::time_point begun;
    bool settling = false;
    bool stuck = false;  // holds what nobody will take out
  };
  class record_buffer;

  seastar::future<> run();
  std::vector<request> take();
  seastar::future<bool> find_room(const std::vector<request>& round);
  seastar::future<> write(const std::vector<request>& round);
  static seastar::future<> extend(slot& s, std::uint64_t least, std::uint64_t wanted);
  static seastar::future<> fill(slot& s, std::uint64_t through);
  void extend_ahead(slot& s);
  seastar::future<> extend_in_time(slot& s);
  seastar::future<> begin(slot& s, unsigned number);
  seastar::future<> settle(slot& s);
  seastar::future<> wait_turn(std::chrono::steady_clock::time_point due);
  log::journal_record record_of(const std::vector<request>& round);
  [[nodiscard]] slot& current() { return slots_[current_]; }

  file_system& files_;
  std::string directory_;
  unsigned shard_;
  std::uint64_t file_bytes_;
  std::function<std::uint64_t()> random_;
  std::array<slot, 2> slots_;
  unsigned current_ = 1;
  bool begun_ = false;
  bool failing_ = false;
  std::uint64_t generation_ = 0;
  std::uint64_t sequence_ = 1;
  std::deque<request> waiting_;
  seastar::condition_variable wake_;
  journal_figures figures_;
  fibers fibers_;
};

// At start, before any log is opened: puts what the journals under `data_directory` hold into the
// segments that it belongs to, durably, and begins the files again. Those of shards from `shards`
// on are removed. Damage that names its partitions leaves a note in each one's directory, which
// keeps it from being opened; other damage, or a newer format, throws.
seastar::future<> replay_journals(file_system& files, std::string data_directory, unsigned shards,
                                  std::function<std::uint64_t()> random);

}  // namespace weir::store
