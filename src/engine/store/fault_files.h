#pragma once
// A file system in memory for tests, as bad as a device may be and no worse, by its seed. It tells
// written from durable: crash() keeps what was flushed and, of the rest, drops each write, keeps it
// or tears it inside at a 512-byte sector; a directory entry that no sync has covered may be there
// or not, each by itself. Calls can fail, take long and end out of order, reads give less than
// asked for or a flipped bit, and the space may end. Passes the same contract as the real one
// (file_contract.h).
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "engine/store/file.h"

namespace weir::store {

enum class file_call : std::uint8_t {
  create,
  read,
  write,
  flush,
  truncate,
  preallocate,
  remove,
  rename,
  sync_directory,
};
inline constexpr std::size_t file_calls = 9;

// Probabilities, 0 to 1.
struct fault_plan {
  std::array<double, file_calls> io_error{};  // by kind of call: fails with EIO
  // Fails for room: create, preallocate, rename, and writes where there was nothing before.
  std::array<double, file_calls> no_space{};
  double short_read = 0;                // a device's read gives less, as it may; files read on
  double flipped_read = 0;              // one bit of what is read is wrong
  unsigned delay_max = 0;               // calls take up to so many turns of the reactor
  std::uint64_t capacity = UINT64_MAX;  // bytes of file blocks
  std::uint64_t crash_at = 0;           // the call of this number finds the power off

  double& error_of(file_call c) { return io_error[static_cast<std::size_t>(c)]; }
  double& no_space_of(file_call c) { return no_space[static_cast<std::size_t>(c)]; }
};

class fault_files final : public file_system {
 public:
  explicit fault_files(std::uint64_t seed);
  ~fault_files() override;

  fault_plan faults;
  // Power is lost: every call fails, those of old handles for ever, until power_on() shows a tree
  // that a disk could have afterwards.
  void crash();
  void power_on() { off_ = false; }
  // The process ends at once, the machine goes on: what was written is there, flushed or not.
  void kill();
  [[nodiscard]] bool off() const { return off_; }
  // Called before every call that changes something with the count of such calls; true makes it
  // fail with EIO.
  std::function<bool(std::uint64_t)> fail;
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  // Flips one bit of durable content.
  void rot(const std::string& path, std::uint64_t at);
  [[nodiscard]] std::string content(const std::string& path) const;
  // Paths of all files, folders left out.
  [[nodiscard]] std::vector<std::string> files() const;

  seastar::future<std::unique_ptr<file>> create(std::string path) override;
  seastar::future<std::unique_ptr<file>> open(std::string path) override;
  seastar::future<std::unique_ptr<file>> open_read_only(std::string path) override;
  seastar::future<std::vector<std::string>> list(std::string directory) override;
  seastar::future<bool> exists(std::string path) override;
  seastar::future<> remove(std::string path) override;
  seastar::future<> rename(std::string from, std::string to) override;
  seastar::future<> make_directories(std::string path) override;
  seastar::future<> remove_tree(std::string path) override;
  seastar::future<> sync_directory(std::string path) override;
  seastar::future<log::device_space> space(std::string path) override;

 private:
  friend class fault_file;
  struct node;
  using node_ptr = std::shared_ptr<node>;
  using tree = std::map<std::string, node_ptr>;  // a folder has no node
  // A change of a directory that no sync has covered. Empty `from`: made; empty `to`: removed.
  struct entry_change {
    std::string from;
    std::string to;
    node_ptr of;
  };

  void alive() const;  // throws while the power is off
  // Counts a call and fails it if told so.
  void step(file_call kind, bool needs_space = true);
  static std::uint64_t missing(const node& n, std::uint64_t from, std::uint64_t to);
  bool chance(double p);
  seastar::future<> delay();
  void change(entry_change c);
  static void apply(tree& to, const entry_change& c);
  void need(node& n, std::uint64_t from, std::uint64_t to);  // or no_space
  void give_back(node& n, std::uint64_t above);
  void forget_if_unused(node& n);
  node& found(const std::string& path) const;

  std::mt19937_64 random_;
  std::uint64_t calls_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t used_ = 0;
  bool off_ = false;
  std::uint64_t life_ = 0;  // handles of an earlier life are dead
  tree seen_;               // as calls see it
  tree durable_;            // entries that survive a crash
  std::vector<entry_change> unsynced_;
};

}  // namespace weir::store
