// Commands on their way into the catalog, and out of its log into the state of every shard.
#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>
#include <seastar/core/smp.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>

#include "core/base/check.h"
#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"
#include "engine/runtime/scheduling.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t producer_ids_block = 1000;
constexpr int producer_ids_tries = 100;
constexpr auto command_patience = 30s;
constexpr auto call_patience = 5s;
constexpr auto try_again = 20ms;
// Everything that there is to apply comes with an event; this is for the one that is forgotten.
constexpr auto look_again = 2s;
constexpr std::size_t apply_bytes_at_once = 1 << 20;

command_error error_of(catalog::refusal refusal) {
  switch (refusal) {
    case catalog::refusal::topic_exists:
    case catalog::refusal::cluster_exists:
      return command_error::topic_exists;
    case catalog::refusal::unknown_topic:
    case catalog::refusal::unknown_partition:
      return command_error::unknown_topic;
    case catalog::refusal::fewer_partitions:
      return command_error::fewer_partitions;
    case catalog::refusal::unknown_broker:
      return command_error::unknown_broker;
    case catalog::refusal::malformed_replicas:
    case catalog::refusal::partition_repeated:
      return command_error::malformed_replicas;
    case catalog::refusal::no_reassignment:
      return command_error::no_reassignment;
    case catalog::refusal::unsupported_feature:
    case catalog::refusal::feature_downgrade:
      return command_error::unsupported_feature;
    case catalog::refusal::foreign_cluster:
    case catalog::refusal::malformed_broker:
    case catalog::refusal::broker_in_use:
    case catalog::refusal::unknown_broker_state:
    case catalog::refusal::stale_placement:
    case catalog::refusal::too_many_leaving:
    case catalog::refusal::unknown_shard:
    case catalog::refusal::ids_taken:
    case catalog::refusal::unknown_resource:
      return command_error::refused;
    case catalog::refusal::stale_configs:
      return command_error::stale;
  }
  weir_check(false, "refusal {}", static_cast<int>(refusal));
}

bool concerns_brokers(const catalog::command& c) {
  return std::holds_alternative<stored::broker_registered>(c) ||
         std::holds_alternative<stored::broker_unregistered>(c);
}

std::vector<partition_key> moved_between_shards(const catalog::command& c) {
  std::vector<partition_key> out;
  if (const auto* moved = std::get_if<stored::shards_moved>(&c)) {
    for (const auto& p : moved->partitions) out.push_back({p.topic_id, p.partition});
  }
  return out;
}

}  // namespace

seastar::future<std::expected<void, command_error>> cluster::execute(catalog::command c) {
  return container().invoke_on(
      0, [](cluster& zero, std::string encoded) { return zero.execute_here(std::move(encoded)); },
      catalog::encode(c));
}

// Once, or known not to have been done: another try could otherwise carry it out twice.
seastar::future<cluster::outcome> cluster::execute_here(std::string encoded) {
  const auto deadline = seastar::lowres_clock::now() + command_patience;
  while (!fibers_.stopping()) {
    const auto got = co_await propose_anywhere(encoded);
    if (got.outcome == calls::unknown) co_return std::unexpected(command_error::timed_out);
    if (got.outcome != calls::not_leader) {
      if (!co_await applied(got.index, deadline))
        co_return std::unexpected(fibers_.stopping() ? command_error::stopping
                                                     : command_error::timed_out);
      if (got.outcome == calls::done) co_return outcome{};
      co_return std::unexpected(static_cast<command_error>(got.outcome - calls::first_error));
    }
    if (seastar::lowres_clock::now() > deadline)
      co_return std::unexpected(command_error::no_leader);
    (void)co_await fibers_.stopped_within(try_again);
  }
  co_return std::unexpected(command_error::stopping);
}

seastar::future<cluster::proposed> cluster::propose_anywhere(std::string encoded) {
  const auto leader = group0_->leadership().leader;
  if (leader == settings_.self || group0_->members().members.members().size() == 1)
    co_return co_await propose_here(std::move(encoded));
  if (leader == raft::nobody) co_return proposed{calls::not_leader, {}};
  peer::propose request;
  request.command = bytes::copy(encoded);
  const auto got = co_await links().call(leader, 0, calls::propose, calls::encode(request),
                                         seastar::lowres_clock::now() + call_patience);
  if (!got) {
    const bool never =
        got.error() != peer::call_error::timed_out && got.error() != peer::call_error::failed;
    co_return proposed{never ? calls::not_leader : calls::unknown, {}};
  }
  const auto answer = calls::decode<peer::propose_answer>(*got);
  co_return proposed{answer.outcome, log_index(static_cast<std::uint64_t>(answer.index))};
}

seastar::future<cluster::proposed> cluster::propose_here(std::string encoded) {
  const bool can = group0_ && group0_->log().damage().empty() && !fibers_.stopping();
  if (!can) co_return proposed{calls::not_leader, {}};
  const auto placed = group0_->place_command(std::move(encoded), store_.now());
  if (!placed) {
    const bool elsewhere = placed.error() == replica_error::not_leader;
    co_return proposed{
        elsewhere ? calls::not_leader
                  : static_cast<std::int8_t>(calls::first_error +
                                             static_cast<std::int8_t>(command_error::storage)),
        {}};
  }
  auto& p = pending_[placed->index];
  p.term = placed->term;
  auto done = p.done.get_future();
  committed_.signal();
  auto got = co_await seastar::coroutine::as_future(
      seastar::with_timeout(seastar::lowres_clock::now() + command_patience, std::move(done)));
  if (got.failed()) {
    got.ignore_ready_future();
    co_return proposed{calls::unknown, {}};
  }
  const auto answer = got.get();
  if (!answer) co_return proposed{calls::not_leader, {}};
  co_return proposed{answer->has_value()
                         ? calls::done
                         : static_cast<std::int8_t>(calls::first_error +
                                                    static_cast<std::int8_t>(answer->error())),
                     placed->index};
}

seastar::future<bool> cluster::applied(log_index index,
                                       seastar::lowres_clock::time_point deadline) {
  auto done = co_await seastar::coroutine::as_future(
      seastar::with_timeout(deadline, applied_.wait_for(index)));
  if (!done.failed()) co_return true;
  done.ignore_ready_future();
  co_return false;
}

seastar::future<> cluster::apply_loop() {
  auto next = applied_.reached() + 1;
  while (!fibers_.stopping()) {
    auto turn = co_await seastar::get_units(applying_, 1);
    co_await take_arrived_state();
    next = std::max(next, applied_.reached() + 1);
    const auto commit = group0_->core().commit_index();
    controller_ = group0_->leadership().leader;
    if (next > commit) {
      turn.return_all();
      try {
        co_await committed_.wait(look_again);
      } catch (const seastar::condition_variable_timed_out&) {
      }
      continue;
    }
    const auto entries =
        co_await group0_->entries({.from = next, .through = commit, .bytes = apply_bytes_at_once});
    if (!entries && arrived_) continue;  // the log was reset to what arrived
    if (!entries) {
      cluster_log.error("the catalog's log is damaged: this broker follows the cluster no longer");
      applied_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
      for (auto& [index, p] : pending_) p.done.set_value(std::nullopt);
      pending_.clear();
      co_return;
    }
    for (const auto& entry : *entries) {
      if (fibers_.stopping()) co_return;
      co_await apply_entry(entry);
      next = entry.head.index + 1;
    }
    co_await keep_state_if_due();
  }
}

seastar::future<> cluster::apply_entry(const store::kept_entry& entry) {
  outcome answer;
  if (entry.head.kind == log::frame_kind::command) {
    // All shards give the same answer; the last one asked is kept.
    for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
      answer = co_await container().invoke_on(
          shard, [encoded = entry.body.str()](cluster& c) { return c.apply(encoded); });
    }
    // All of them could read it.
    const auto command = catalog::decode(entry.body);
    if (concerns_brokers(*command)) co_await know_brokers();
    if (auto moved = moved_between_shards(*command); follows_ && !moved.empty())
      co_await container().invoke_on_all(
          [moved = std::move(moved)](cluster& c) { return c.take_over(moved); });
  }
  applied_.advance(entry.head.index);
  next_command_ = entry.head.next_offset();
  while (!pending_.empty() && pending_.begin()->first <= entry.head.index) {
    auto& [index, p] = *pending_.begin();
    // Its own only if it is the one that this broker put there.
    const bool own = index == entry.head.index && p.term == entry.head.term;
    p.done.set_value(own ? std::optional(answer) : std::nullopt);
    pending_.erase(pending_.begin());
  }
}

seastar::future<cluster::outcome> cluster::apply(std::string encoded) {
  const auto command = catalog::decode(fragments::copy(encoded));
  if (!command)
    throw std::runtime_error(
        "the catalog holds a command that this version does not know: start the version of Weir "
        "that wrote it, or a newer one");
  std::optional<uuid> topic;
  if (const auto* changed = std::get_if<stored::configs_changed>(&*command);
      changed && changed->resource_type == catalog::topic_resource) {
    if (const auto* t = state_.find(changed->resource_name.view())) topic = t->id;
  }
  const auto* deleted = std::get_if<stored::topic_deleted>(&*command);
  const auto* gone = deleted ? state_.find(deleted->topic_id) : nullptr;
  const auto gone_name = gone ? gone->name : std::string();
  {
    const auto still = co_await seastar::get_units(state_still_, 1);
    if (const auto done = state_.apply(*command); !done)
      co_return std::unexpected(error_of(done.error()));
    ++version_;
  }
  if (follows_) co_await follow(*command, topic);
  if (deleted) topics_.deleted(gone_name, deleted->topic_id);
  topics_.changed();
  co_return outcome{};
}

seastar::future<> cluster::follow(const catalog::command& c, std::optional<uuid> topic) {
  if (const auto* created = std::get_if<stored::topic_created>(&c)) {
    co_await open_partitions(created->topic_id, 0);
  } else if (const auto* added = std::get_if<stored::partitions_added>(&c)) {
    co_await open_partitions(added->topic_id,
                             static_cast<std::size_t>(added->total) - added->added.size());
  } else if (const auto* deleted = std::get_if<stored::topic_deleted>(&c)) {
    co_await close_topic(deleted->topic_id);
    leaders_.forget_missing(state_);
    // Shards are asked in order: when the last one has closed its partitions, nobody uses the
    // files.
    if (seastar::this_shard_id() == seastar::smp::count - 1) {
      (void)container().invoke_on(0, [](cluster& zero) {
        zero.fibers_.spawn(
            "remove files", [&zero] { return zero.remove_leftovers(); }, groups().background);
      });
    }
  } else if (std::holds_alternative<stored::configs_changed>(c)) {
    update_options(topic);
  } else if (const auto* begun = std::get_if<stored::reassignments_begun>(&c)) {
    for (const auto& p : begun->partitions) co_await follow_placement({p.topic_id, p.partition});
  } else if (const auto* cancelled = std::get_if<stored::reassignments_cancelled>(&c)) {
    for (const auto& p : cancelled->partitions)
      co_await follow_placement({p.topic_id, p.partition});
  } else if (const auto* finished = std::get_if<stored::reassignments_finished>(&c)) {
    for (const auto& p : finished->partitions) co_await follow_placement({p.topic_id, p.partition});
  } else if (const auto* moved = std::get_if<stored::shards_moved>(&c);
             moved && moved->node_id == settings_.self.value()) {
    for (const auto& p : moved->partitions) co_await let_go({p.topic_id, p.partition});
  }
}

// Blocks are told apart by the state: of two brokers that ask for the same one, one is refused.
seastar::future<std::expected<std::int64_t, command_error>> cluster::new_producer_id() {
  return container().invoke_on(
      0, [](cluster& zero) -> seastar::future<std::expected<std::int64_t, command_error>> {
        const auto lock = co_await seastar::get_units(zero.ids_lock_, 1);
        for (int tries = 0; zero.next_id_ == zero.ids_end_; ++tries) {
          stored::producer_ids_allocated block;
          block.node_id = zero.settings_.self.value();
          block.next_producer_id = zero.state_.next_producer_id() + producer_ids_block;
          const auto done = co_await zero.execute_here(catalog::encode(block));
          if (done) {
            zero.ids_end_ = block.next_producer_id;
            zero.next_id_ = block.next_producer_id - producer_ids_block;
          } else if (done.error() != command_error::refused || tries >= producer_ids_tries) {
            co_return std::unexpected(done.error());
          }
        }
        co_return zero.next_id_++;
      });
}

}  // namespace weir
