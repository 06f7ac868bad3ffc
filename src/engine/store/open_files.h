#pragma once
// The files that a shard's segments hold open, bounded: thousands of partitions must not need
// thousands of descriptors. A file is opened when somebody uses it; where more than the bound are
// open, those that nobody uses are closed, the one used longest ago first.
//
// Files in use are never closed, so that the bound is exceeded where more are in use at once.
#include <seastar/core/gate.hh>
#include <seastar/core/shared_future.hh>

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <utility>

#include "engine/store/file.h"

namespace weir::store {

class open_files;

// One file, opened at its first use (created where it did not exist) and again after it was closed.
class kept_file : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  kept_file(open_files& among, std::string path, bool exists)
      : among_(among), path_(std::move(path)), exists_(exists) {}
  kept_file(const kept_file&) = delete;
  ~kept_file() = default;

  // While it lives the file stays open. Must not outlive the file.
  class use {
   public:
    use() = default;
    explicit use(kept_file& of) : of_(&of) {}
    use(use&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    use& operator=(use&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~use() {
      if (of_) of_->leave();
    }
    file* operator->() const { return of_->file_.get(); }
    file& operator*() const { return *of_->file_; }

   private:
    kept_file* of_ = nullptr;
  };
  // Fails as opening does.
  seastar::future<use> enter();
  // No use is left and none comes.
  seastar::future<> close();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool exists() const { return exists_; }

 private:
  friend class open_files;
  void leave();
  seastar::future<> open();

  open_files& among_;
  std::string path_;
  bool exists_;
  std::size_t users_ = 0;
  std::unique_ptr<file> file_;
  std::unique_ptr<seastar::shared_promise<>> opening_;
};

class open_files {
 public:
  open_files(file_system& files, std::size_t most) : files_(files), most_(most) {}

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint64_t opened() const { return opened_; }  // in all, reopening included
  // Waits for closes that are under way. All files are closed.
  seastar::future<> stop() { return closing_.close(); }

 private:
  friend class kept_file;
  void idle(kept_file& f);
  seastar::future<> close_behind(std::unique_ptr<file> f, seastar::gate::holder);

  file_system& files_;
  std::size_t most_;
  std::size_t count_ = 0;
  std::uint64_t opened_ = 0;
  boost::intrusive::list<kept_file, boost::intrusive::constant_time_size<false>> idle_;
  seastar::gate closing_;
};

}  // namespace weir::store
