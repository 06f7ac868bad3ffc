// The simulator's disk keeps what consensus relies on, as a partition's files do.
#include "sim/disk.h"

#include <catch2/catch_all.hpp>

#include "core/log/log_contract_test.h"

namespace weir::sim {
namespace {

using log::contract::stored_entry;

class on_simulated_disk : public log::contract::subject {
 public:
  explicit on_simulated_disk(std::uint64_t seed) : chance_(seed), disk_(chance_, 8 << 10) {}

  void append(stored_entry e, std::size_t /*size*/) override {
    const offset at(static_cast<std::int64_t>(entries_.size()));
    const raft::entry_head head{.term = e.term,
                                .index = log_index(entries_.size() + 1),
                                .first_offset = at,
                                .offset_count = 1};
    const auto made =
        make_entry(head, log::frame_kind::batch, encode_batch({.tag = e.tag}, e.term, at));
    disk_.append(made);
    entries_.push_back(e);
  }
  void save_vote(log::vote v) override { disk_.save_vote(vote_ = v); }
  log::vote last_vote() override { return vote_; }
  void flush() override {
    disk_.begin_flush();
    disk_.end_flush();
  }
  void truncate_after(log_index last) override {
    entries_.resize(last.value());
    disk_.truncate_after(last, offset(static_cast<std::int64_t>(last.value())));
  }
  void crash_and_recover() override {
    disk_.crash();
    const auto found = disk_.recover();
    REQUIRE(found);
    entries_.clear();
    vote_ = found->last_vote;
    for (const auto& e : found->entries)
      entries_.push_back({e.head.term, decode_batch(*e.body).tag});
  }
  std::vector<stored_entry> entries() override { return entries_; }

 private:
  random chance_;
  disk disk_;
  std::vector<stored_entry> entries_;
  log::vote vote_;
};

TEST_CASE("the simulated disk keeps the contract of a log") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    on_simulated_disk on(seed);
    REQUIRE(log::contract::run_history(on, seed) == "");
  }
}

}  // namespace
}  // namespace weir::sim
