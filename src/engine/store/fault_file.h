#pragma once
// A file of fault_files and its open handles.
#include <deque>

#include "engine/store/fault_files.h"

namespace weir::store {

struct fault_files::node {
  struct pending {
    std::uint64_t number;
    std::uint64_t at;
    std::string data;  // nothing: the size was set to `at`
    bool resize = false;
  };
  // A crash, or a flush that fails, decides what becomes of an unflushed change.
  void settle(const pending& p, std::mt19937_64& random);
  static void apply(std::string& image, const pending& p);

  std::string now;
  std::string durable;
  std::deque<pending> unflushed;
  std::vector<bool> blocks;  // which ones take space
  bool linked = true;
  unsigned handles = 0;
};

class fault_file final : public file {
 public:
  fault_file(fault_files& fs, std::shared_ptr<fault_files::node> n);

  seastar::future<> write(std::uint64_t at, const char* from, std::size_t size) override;
  seastar::future<std::size_t> read(std::uint64_t at, char* to, std::size_t size) override;
  seastar::future<> flush() override;
  seastar::future<> truncate(std::uint64_t size) override;
  seastar::future<> preallocate(std::uint64_t from, std::uint64_t size) override;
  seastar::future<std::uint64_t> size() override;
  seastar::future<> close() override;

 private:
  void alive() const;
  void put(std::uint64_t at, std::string data);
  void set_size(std::uint64_t size);
  seastar::future<std::size_t> read_some(std::uint64_t at, char* to, std::size_t size);

  fault_files& fs_;
  std::shared_ptr<fault_files::node> node_;
  std::uint64_t life_;
  bool closed_ = false;
};

}  // namespace weir::store
