#pragma once
// A file system in memory for tests, which tells written from durable: crash() keeps what was
// flushed and, of the rest, drops each write, keeps it or tears it inside at a 512-byte sector, as
// its seed decides; what was made, renamed or removed in a directory and not synced may have
// happened or not. Writes can be made to fail. Passes the same contract tests as the real one.
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "engine/store/file.h"

namespace weir::store {

class fault_files final : public file_system {
 public:
  explicit fault_files(std::uint64_t seed);
  ~fault_files() override;

  // Power is lost: every call fails, those of old handles for ever, until power_on() shows a tree
  // that a disk could have afterwards.
  void crash();
  void power_on() { off_ = false; }
  // Called before every write, flush and directory change with the count of such calls; true makes
  // it fail with EIO.
  std::function<bool(std::uint64_t)> fail;
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  // Every call on a file lets others run first: what is interleaved on a device is so here.
  bool slow = false;
  // Flips one bit of durable content.
  void rot(const std::string& path, std::uint64_t at);
  [[nodiscard]] std::string content(const std::string& path) const;

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

 private:
  friend class fault_file;
  struct node;
  using tree = std::map<std::string, std::shared_ptr<node>>;

  void alive() const;  // throws while the power is off
  void step();         // counts a call and fails it if told so

  std::mt19937_64 random_;
  std::uint64_t calls_ = 0;
  bool off_ = false;
  std::uint64_t life_ = 0;  // handles of an earlier life are dead
  tree seen_;               // as calls see it
  tree durable_;            // entries that survive a crash
};

}  // namespace weir::store
