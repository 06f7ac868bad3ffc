// The catalog's state on disk, in place of the front of group 0's log: taken, loaded, and got from
// another broker.
//
// Always so: the file is of an entry that is not before the log's base. So it is durable before
// anything is cut off, and before the log is reset to where another broker's begins.
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"
#include "engine/cluster/state_keeper.h"
#include "engine/runtime/scheduling.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t file_max = 64 << 20;
// What the log may have grown to before the state is written once more: as much as that costs.
constexpr std::uint64_t log_per_state = 2;
constexpr auto try_again = 10s;

std::string file_of(const std::string& data_dir) {
  return data_dir + "/catalog/state";
}

}  // namespace

catalog::state cluster::decode_kept(const fragments& pieces) {
  auto state = catalog::decode_snapshot(pieces);
  if (!state)
    throw std::runtime_error(fmt::format("the kept state of the catalog is unreadable ({})",
                                         catalog::name(state.error())));
  return *std::move(state);
}

seastar::future<std::optional<cluster::kept_bytes>> cluster::read_kept_state() {
  const auto path = file_of(settings_.data_dir);
  const auto file = co_await store::read_small(*files_, path, file_max);
  if (!file) co_return std::nullopt;
  const auto all = fragments::copy(*file);
  const auto at = catalog::decode_kept_head(all);
  if (!at)
    throw std::runtime_error(
        fmt::format("{} is unreadable ({}): restore catalog/ from a backup, or start this broker "
                    "with an empty directory: it gets the state from the others",
                    path, catalog::name(at.error())));
  co_return kept_bytes{
      .at = *at,
      .pieces = all.slice(catalog::kept_head_size, all.size() - catalog::kept_head_size)};
}

// At start, before anything is applied.
seastar::future<> cluster::load_kept_state() {
  const auto lock = co_await seastar::get_units(kept_lock_, 1);
  auto kept = co_await read_kept_state();
  const auto base = group0_->log().base().index;
  if (base > (kept ? kept->at.index : log_index{}))
    throw std::runtime_error(
        fmt::format("{} lacks what the catalog's log, which begins behind entry {}, goes on from: "
                    "restore catalog/ from a backup",
                    file_of(settings_.data_dir), base));
  if (!kept) co_return;
  kept_at_ = kept->at;
  kept_size_ = kept->pieces.size();
  co_await replace_state(*std::move(kept));
}

seastar::future<> cluster::write_kept_state(std::string file) {
  if (file.size() > file_max)
    throw std::runtime_error(fmt::format("{} bytes are more than it may have", file.size()));
  co_await files_->make_directories(settings_.data_dir + "/catalog");
  co_await store::replace_small(*files_, file_of(settings_.data_dir), std::move(file));
}

seastar::future<> cluster::keep_state_if_due() {
  const auto log = group0_->size_bytes();
  if (log < std::max(settings_.state_log_bytes, log_per_state * kept_size_)) co_return;
  if (kept_at_.index >= applied_.reached() || std::chrono::steady_clock::now() < keep_again_)
    co_return;
  try {
    co_await keep_state();
  } catch (...) {
    keep_again_ = std::chrono::steady_clock::now() + try_again;
    cluster_log.warn("the cluster's state could not be kept, its log grows on: {}",
                     std::current_exception());
  }
}

// Nothing is applied meanwhile.
seastar::future<> cluster::keep_state() {
  const auto lock = co_await seastar::get_units(kept_lock_, 1);
  const catalog::kept_place at{.index = applied_.reached(), .next_offset = next_command_};
  auto file = catalog::encode_kept_head(at);
  catalog::snapshot_writer writer(state_);
  while (auto piece = writer.next()) {
    file.append(*piece);
    co_await seastar::coroutine::maybe_yield();
  }
  co_await write_kept_state(file.str());
  kept_at_ = at;
  kept_size_ = file.size();
  const auto before = group0_->size_bytes();
  co_await group0_->cut_front(at.index, at.next_offset);
  cluster_log.info("the cluster's state up to entry {} is kept in {} bytes, {} of its log are gone",
                   at.index, kept_size_, before - std::min(before, group0_->size_bytes()));
}

seastar::future<std::optional<fragments>> cluster::state_keeper::read() {
  const auto file =
      co_await store::read_small(*of_.files_, file_of(of_.settings_.data_dir), file_max);
  if (!file) co_return std::nullopt;
  co_return fragments::copy(*file);
}

seastar::future<bool> cluster::state_keeper::take(fragments summary) {
  const auto at = catalog::decode_kept_head(summary);
  if (!at) co_return false;
  const auto pieces =
      summary.slice(catalog::kept_head_size, summary.size() - catalog::kept_head_size);
  if (!catalog::decode_snapshot(pieces)) co_return false;
  const auto lock = co_await seastar::get_units(of_.kept_lock_, 1);
  if (at->index <= of_.kept_at_.index) co_return true;
  co_await of_.write_kept_state(summary.str());
  of_.kept_at_ = *at;
  of_.kept_size_ = pieces.size();
  of_.arrived_ = kept_bytes{.at = *at, .pieces = pieces};
  of_.committed_.signal();
  co_return true;
}

seastar::future<> cluster::take_arrived_state() {
  if (!arrived_) co_return;
  auto by = *std::exchange(arrived_, std::nullopt);
  if (by.at.index <= applied_.reached()) co_return;
  cluster_log.info("the cluster's state up to entry {} came from its leader", by.at.index);
  co_await replace_state(std::move(by));
}

seastar::future<> cluster::replace_state(kept_bytes by) {
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    co_await container().invoke_on(
        shard, [pieces = by.pieces.str()](cluster& c) { return c.take_state(pieces); });
  }
  // Once no shard has any more what another should have.
  if (follows_) co_await container().invoke_on_all([](cluster& c) { return c.open_missing(); });
  co_await know_brokers();
  next_command_ = by.at.next_offset;
  applied_.advance(by.at.index);
  // What became of those is not known.
  while (!pending_.empty() && pending_.begin()->first <= by.at.index) {
    pending_.begin()->second.done.set_exception(
        std::make_exception_ptr(leadership_lost(group0_->name())));
    pending_.erase(pending_.begin());
  }
}

seastar::future<> cluster::take_state(std::string pieces) {
  auto next = decode_kept(fragments::copy(pieces));
  {
    const auto still = co_await seastar::get_units(state_still_, 1);
    replaced_state_ = std::make_unique<catalog::state>(std::exchange(state_, std::move(next)));
    ++version_;
  }
  if (follows_) co_await close_surplus();
  for (const auto& [name, t] : replaced_state_->topics()) {
    if (!state_.find(t->id)) topics_.deleted(std::string(name), t->id);
  }
  topics_.changed();
}

// As if each command had come that is missing, first of all those that take from this shard.
seastar::future<> cluster::close_surplus() {
  std::vector<partition_key> here;
  for (const auto& [key, r] : replicas_) here.push_back(key);
  for (const auto& [key, why] : offline_) here.push_back(key);
  for (const auto& key : here) {
    const auto* where = state_.find(key);
    if (!state_.find(key.topic_id)) {
      co_await close_topic(key.topic_id);
    } else if (!where || !where->names(settings_.self)) {
      co_await close_one(key);
    } else {
      co_await let_go(key);
    }
  }
  update_options({});
  leaders_.forget_missing(state_);
  if (seastar::this_shard_id() == seastar::smp::count - 1) {
    (void)container().invoke_on(0, [](cluster& zero) {
      zero.fibers_.spawn(
          "remove files", [&zero] { return zero.remove_leftovers(); }, groups().background);
    });
  }
}

seastar::future<> cluster::open_missing() {
  std::vector<uuid> topics;
  for (const auto& [name, t] : state_.topics()) topics.push_back(t->id);
  for (const auto& id : topics) {
    const auto* t = state_.find(id);
    for (std::size_t p = 0; t && p < t->partitions.size(); ++p)
      co_await follow_placement({id, static_cast<std::int32_t>(p)});
    co_await seastar::coroutine::maybe_yield();
  }
  co_await tell_changed_leaders();
}

}  // namespace weir
