// From a data directory to a broker of a cluster that knows what the cluster knows.
#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>

#include "core/base/check.h"
#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"
#include "engine/cluster/raft_door.h"
#include "engine/cluster/state_keeper.h"
#include "engine/runtime/scheduling.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 20ms;
constexpr auto tell_again = 5s;
constexpr auto founders_patience = 3s;
// What a tick of thousands of groups costs is mostly that it looks at each of them.
constexpr int ticks_per_heartbeat = 2;
// Of group 0's log, as long as it may get: whole ones are cut off.
constexpr std::uint64_t log_segments = 8;
constexpr std::size_t entries_bytes_at_once = 1 << 20;

// Where brokers are by all that stands in the log, committed or not: who leads may be one that came
// just before this broker ended, at an address that the founders did not have, and a leader at rest
// does not come by itself. One that is wrong does no harm: a greeting names who is wanted.
seastar::future<> look_for_brokers(replica& group0, catalog::state guess, log_index next,
                                   peer::peer_links& links, node_id self) {
  while (next <= group0.log().last_index()) {
    const auto entries = co_await group0.entries(
        {.from = next, .through = group0.log().last_index(), .bytes = entries_bytes_at_once});
    if (!entries || entries->empty()) break;  // damaged: said by who applies them
    for (const auto& entry : *entries) {
      next = entry.head.index + 1;
      if (entry.head.kind != log::frame_kind::command) continue;
      if (const auto command = catalog::decode(entry.body)) (void)guess.apply(*command);
      co_await seastar::coroutine::maybe_yield();
    }
  }
  for (const auto& [id, broker] : guess.brokers()) {
    if (id != self) co_await links.set_broker(id, broker.peer, broker.directory);
  }
}

// Brokers that make a cluster come at about the same time. Who is ready before it knows of the
// others tells clients that there are none, and makes topics of fewer copies than were asked for.
// Where there are topics already it is no new cluster, and some may be down.
seastar::future<> know_founders(const cluster& of, raft::configuration founders, fibers& by,
                                const bool& interrupted) {
  const auto end = std::chrono::steady_clock::now() + founders_patience;
  const auto known = [&of](node_id id) {
    const auto& state = of.catalog();
    return state.node_ids().contains(id) && (!state.topics().empty() || of.alive(id));
  };
  while (!std::ranges::all_of(founders.voters, known) && !interrupted &&
         std::chrono::steady_clock::now() < end) {
    if (co_await by.stopped_within(look_again)) co_return;
  }
}

}  // namespace

seastar::future<> cluster::open() {
  weir_check(seastar::this_shard_id() == 0, "opened on shard {}", seastar::this_shard_id());
  co_await start_on_reserve();
  co_await store::replay_journals(*files_, settings_.data_dir, seastar::smp::count, store_.random);
  co_await find_cluster();
  co_await start_links();
  co_await open_group0();
  next_id_ = ids_end_ = 0;
  fibers_.spawn("remove files", [this] { return remove_leftovers(); }, groups().background);
  co_await look_at_space();
  fibers_.spawn("space", [this] { return keep_space(); });
  // What the catalog says of the shards is true of this process once it has registered.
  co_await be_registered();
  co_await know_founders(*this, membership_.founders(), fibers_, interrupted_);
  if (interrupted_) throw std::runtime_error("stopped before the cluster had taken it in");
  {
    // Meanwhile no command takes effect: topics that are being opened stay, and a new one is opened
    // by its command alone.
    const auto still = co_await seastar::get_units(applying_, 1);
    co_await container().invoke_on_all([](cluster& c) { return c.open_everything(); });
  }
  fibers_.spawn("registration", [this] { return keep_registered(); });
  fibers_.spawn("lead the cluster", [this] { return lead_cluster(); });
  fibers_.spawn("news of itself", [this] { return tell_of_itself(); });
  cluster_log.info("broker {} of cluster {} open: {} brokers, {} topics, {} partitions",
                   settings_.self, state_.cluster_id(), state_.brokers().size(),
                   state_.topics().size(), state_.partition_count());
}

void cluster::interrupt() {
  interrupted_ = true;
  if (formation_) formation_->interrupt();
}

// Who this broker is, from its directory; a new one asks its seeds.
seastar::future<> cluster::find_cluster() {
  auto known = co_await read_membership(*files_, settings_.data_dir);
  const bool from_before = !known && co_await files_->exists(settings_.data_dir + "/catalog");
  if (!known) {
    known = membership{
        .broker_id = new_uuid(), .cluster_id = {}, .self = settings_.self, .contacts = {}};
    co_await write_membership(*files_, settings_.data_dir, *known);
  }
  if (known->belongs() && settings_.self.value() >= 0 && known->self != settings_.self)
    throw std::runtime_error(
        fmt::format("{} belongs to node {}, not to node {}: the number of a broker never changes",
                    settings_.data_dir, known->self, settings_.self));
  if (!known->belongs() && from_before) {
    // Of a Weir that knew no other brokers: its catalog says which cluster it is.
    if (known->self.value() < 0) known->self = node_id(1);
    known->contacts = {{known->self, known->broker_id, settings_.peer_address, true}};
  }
  membership_ = *std::move(known);
  incarnation_ = new_uuid();
  const bool alone = settings_.seeds.empty() && !membership_.belongs();
  formation_ = std::make_unique<formation>(
      formation_facts{.address = settings_.peer_address,
                      .seeds = from_before ? std::vector<host_port>{} : settings_.seeds,
                      .wished = settings_.self},
      membership_, links());
  if (membership_.belongs()) co_return;
  if (from_before) {
    co_await replay_alone();
  } else if (alone) {
    membership_ = co_await formation_->run({});
  } else {
    co_await start_links();
    membership_ = co_await formation_->run(catalog::encode(registration()));
  }
  co_await write_membership(*files_, settings_.data_dir, membership_);
  formation_ = std::make_unique<formation>(
      formation_facts{
          .address = settings_.peer_address, .seeds = settings_.seeds, .wished = settings_.self},
      membership_, links());
  cluster_log.info("this broker is {} of cluster {}", membership_.self, membership_.cluster_id);
}

// Only to learn the cluster's id; it is opened again with everybody else.
seastar::future<> cluster::replay_alone() {
  auto log = co_await replica::open(store_, replica_group::alone(membership_.self),
                                    {.name = "catalog"}, settings_.data_dir + "/catalog", {});
  catalog::state state;
  log_index from;
  if (const auto kept = co_await read_kept_state()) {
    from = kept->at.index;
    state = decode_kept(kept->pieces);
  }
  co_await log->replay([&](const log::frame_head& head, const fragments& body) {
    if (head.kind != log::frame_kind::command || head.index <= from) return;
    if (const auto command = catalog::decode(body)) (void)state.apply(*command);
  });
  co_await log->stop();
  membership_.cluster_id = state.cluster_id().is_zero() ? new_uuid() : state.cluster_id();
}

// With what is known of this broker by now: once while it looks for its cluster, and once as its
// member.
seastar::future<> cluster::start_links() {
  const bool belongs = membership_.belongs();
  const peer::identity self{.cluster_id = membership_.cluster_id,
                            // A number that nobody has, for who has none yet.
                            .node = belongs
                                        ? membership_.self
                                        : node_id(static_cast<std::int32_t>(
                                              (1U << 30) + membership_.broker_id.low % (1U << 30))),
                            .broker_id = membership_.broker_id,
                            .incarnation = incarnation_,
                            .shards = seastar::smp::count};
  if (belongs) {
    co_await container().invoke_on_all(
        [self = membership_.self](cluster& c) { c.settings_.self = self; });
  }
  co_await container().invoke_on_all([](cluster& c) { c.serve_calls(); });
  co_await links().become(self);
  if (!belongs) co_return;
  for (const auto& c : membership_.contacts) {
    if (c.node != membership_.self) co_await links().set_broker(c.node, c.address, c.broker_id);
  }
  co_await container().invoke_on_all([](cluster& c) {
    c.door_ = std::make_unique<raft_door>(c);
    c.links().bind(c.door_.get());
    c.links().heard_of().on_silent = [&c](node_id node) { c.fell_silent(node); };
    c.links().heard_of().on_restarted = [&c](node_id node) { c.began_anew(node); };
    c.ticker_.start(
        std::max(raft::milliseconds(1), c.settings_.raft.heartbeat / ticks_per_heartbeat));
    c.fibers_.spawn("leaders", [&c] { return c.tell_leaders(); });
    c.fibers_.spawn("sleepers", [&c] { return c.keep_sleepers(); });
    c.fibers_.spawn("placements", [&c] { return c.keep_placed(); });
  });
}

void cluster::serve_calls() {
  auto& to = links();
  if (seastar::this_shard_id() == 0) {
    to.serve(calls::who, [this](node_id, fragments) {
      return seastar::make_ready_future<fragments>(calls::encode(formation_->answer()));
    });
    to.serve(calls::join, [this](node_id, fragments payload) { return let_in(payload); });
    to.serve(calls::propose, [this](node_id, fragments payload) { return take_proposal(payload); });
    to.serve(calls::quorum, [this](node_id, fragments) {
      return seastar::make_ready_future<fragments>(calls::encode(quorum_here()));
    });
    to.serve(calls::broker_news, [this](node_id from, fragments payload) {
      const auto told = calls::decode<peer::broker_news>(payload);
      disks_[from] = {static_cast<std::uint64_t>(std::max<std::int64_t>(0, told.disk_bytes)),
                      static_cast<std::uint64_t>(std::max<std::int64_t>(0, told.disk_used))};
      return seastar::make_ready_future<fragments>();
    });
  }
  to.serve(calls::leader_news,
           [this](node_id, fragments payload) { return take_leader_news(payload); });
  to.serve(calls::hand_over,
           [this](node_id, fragments payload) { return take_hand_over(payload); });
}

seastar::future<fragments> cluster::take_proposal(fragments payload) {
  const auto asked = calls::decode<peer::propose>(payload);
  const auto got = co_await propose_here(std::string(asked.command.view()));
  peer::propose_answer a;
  a.outcome = got.outcome;
  a.index = static_cast<std::int64_t>(got.index.value());
  co_return calls::encode(a);
}

seastar::future<> cluster::open_group0() {
  keeper_ = std::make_unique<state_keeper>(*this);
  const auto founders = membership_.founders();
  replica_group group{.self = settings_.self,
                      .members = founders,
                      .options = settings_.raft,
                      .seed = store_.random(),
                      .outbox = &links(),
                      .ticker = &ticker_,
                      .catch_up = &catch_up_,
                      .summary = keeper_.get()};
  group0_ = co_await replica::open(
      store_, std::move(group), {.name = "catalog"}, settings_.data_dir + "/catalog",
      {.roll = {.segment_bytes = settings_.state_log_bytes / log_segments}});
  co_await load_kept_state();
  const auto kept = co_await read_kept_state();
  co_await look_for_brokers(*group0_, kept ? decode_kept(kept->pieces) : catalog::state(),
                            applied_.reached() + 1, links(), settings_.self);
  wake_apply_ = [this] { committed_.signal(); };
  group0_news_ = std::make_unique<event_listener>(&wake_apply_);
  group0_->news().add(*group0_news_);
  group0_group_news_ = std::make_unique<event_listener>(&wake_apply_);
  group0_->group_news().add(*group0_group_news_);
  fibers_.spawn("apply", [this] { return apply_loop(); });
  co_await catch_up();
}

// Until this broker has applied what was committed when it came: only then does it know which
// partitions are its own.
seastar::future<> cluster::catch_up() {
  auto told = std::chrono::steady_clock::now();
  while (true) {
    if (interrupted_ || fibers_.stopping())
      throw std::runtime_error("stopped while it waited for a majority of the cluster");
    if (const auto& damage = group0_->log().damage(); !damage.empty())
      throw std::runtime_error(damage);
    stored::cluster_created created;
    created.cluster_id = membership_.cluster_id;
    // Also of use where the cluster is there: refused, at an index that was not known before.
    const auto got = co_await propose_anywhere(catalog::encode(created));
    const bool decided = got.outcome == calls::done || got.outcome >= calls::first_error;
    if (decided && co_await applied(got.index, seastar::lowres_clock::now() + 10s)) break;
    if (const auto now = std::chrono::steady_clock::now(); now - told > tell_again) {
      told = now;
      cluster_log.info("waiting for a majority of the brokers that keep the cluster's state: {}",
                       fmt::join(group0_->members().members.voters, ", "));
    }
    co_await seastar::sleep(look_again);
  }
  if (state_.cluster_id() != membership_.cluster_id)
    throw std::runtime_error(fmt::format("this broker belongs to cluster {}, its catalog to {}",
                                         membership_.cluster_id, state_.cluster_id()));
}

}  // namespace weir
