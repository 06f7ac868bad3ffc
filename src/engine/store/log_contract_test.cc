// A partition's files keep what consensus relies on, as the simulator's disk does.
#include "core/log/log_contract_test.h"

#include <seastar/testing/thread_test_case.hh>

#include <map>

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

using log::contract::stored_entry;

class on_files : public log::contract::subject {
 public:
  explicit on_files(std::uint64_t seed) : machine_(seed), kept_(machine_, 0) { open(); }
  ~on_files() override { close(); }
  on_files(const on_files&) = delete;

  void append(stored_entry e, std::size_t size) override {
    kept_.append_one(size, e.term);
    told_[kept_.bodies.back()] = e.tag;
  }
  void save_vote(log::vote v) override { kept_.save_vote(v); }
  void flush() override { kept_.flush().get(); }
  void truncate_after(log_index last) override { kept_.log->truncate_after(last).get(); }
  log::vote last_vote() override { return kept_.log->last_vote(); }
  void crash_and_recover() override {
    machine_.files.crash();
    close();
    machine_.files.power_on();
    open();
  }
  std::vector<stored_entry> entries() override {
    std::vector<stored_entry> found;
    kept_.log
        ->replay([&](const log::frame_head& head, const fragments& body) {
          if (!head.is_entry()) return;
          found.push_back({head.term, told_.at(body.str())});
        })
        .get();
    return found;
  }

 private:
  void open() { kept_.open(8 << 10).get(); }
  void close() {
    kept_.log->stop().get();
    kept_.log.reset();
  }

  machine machine_;
  kept_log kept_;
  std::map<std::string, std::uint64_t> told_;  // by their bytes, which differ by their times
};

SEASTAR_THREAD_TEST_CASE(files_keep_the_contract_of_a_log) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    on_files on(seed);
    BOOST_REQUIRE_EQUAL(log::contract::run_history(on, seed), "");
  }
}

}  // namespace
}  // namespace weir::store
