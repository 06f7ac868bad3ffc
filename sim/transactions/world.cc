#include "sim/transactions/world.h"

#include <algorithm>
#include <utility>

#include "core/transaction/record.h"
#include "sim/repeat.h"

namespace weir::sim::transactions {
namespace {

constexpr std::size_t last_events = 80;
constexpr moment settling = 30 * second;

std::string name_of(std::size_t id) {
  return fmt::format("id{}", id);
}

}  // namespace

world::world(const plan& rules, std::function<void(const std::string&)> tell)
    : rules_(rules),
      chance_(mix(rules.seed, 0x776f726c64)),
      around_{.rules = rules_,
              .events = events_,
              .chance = chance_,
              .truth = truth_,
              .tell = std::move(tell)} {
  for (std::int32_t p = 0; p < rules_.partitions; ++p) {
    const auto ask_of_partition =
        [this](const std::string& id, const transaction::request& r,
               std::function<void(std::optional<transaction::answer>)> then) {
          ask(id, r, 5, true, nullptr, std::move(then));
        };
    partitions_.push_back(std::make_unique<data_partition>(
        around_, topic_partition{"t", partition_id(p)}, ask_of_partition,
        [this](const auto& m) { return host_of(m.transactional_id).has_decided(m); }));
  }
  make_coordinators();
}

void world::make_coordinators() {
  const auto count = static_cast<std::size_t>(rules_.coordinators);
  std::vector<std::vector<group::coordinator_record>> logs(count);
  for (std::size_t id = 0; rules_.old_epochs && id < static_cast<std::size_t>(rules_.ids); ++id) {
    transaction::transaction t{};
    t.producer = producer_id(next_producer_++);
    t.epoch =
        transaction::last_epoch_of_clients - static_cast<std::int16_t>(chance_.between(0, 12));
    t.timeout_ms = 1000;
    logs[id % count].push_back(
        {transaction::encode_key(name_of(id)), transaction::encode_value(t)});
  }
  for (auto& log : logs)
    hosts_.push_back(std::make_unique<coordinator_host>(around_, ways_of_hosts(), std::move(log)));
}

coordinator_host& world::host_of(const std::string& id) const {
  return *hosts_[static_cast<std::size_t>(id.back() - '0') % hosts_.size()];
}

ways_out world::ways_of_hosts() {
  return {.fresh_producer = [this] { return producer_id(next_producer_++); },
          .write_marker =
              [this](const topic_partition& to, const transaction::markers_to_send& m,
                     const attempt& given_up, std::function<void(marker_answer)> then) {
                write_marker(to, m, given_up, std::move(then));
              }};
}

void world::ask(const std::string& id, const transaction::request& r, std::int16_t version,
                bool may_repeat, const attempt& given_up,
                std::function<void(std::optional<transaction::answer>)> then) {
  around_.send(given_up, may_repeat, [this, id, r, version, then = std::move(then)] {
    host_of(id).ask(r, version, [this, then](const std::optional<transaction::answer>& a) {
      around_.send(nullptr, false, [then, a] { then(a); });
    });
  });
}

void world::write_marker(const topic_partition& to, const transaction::markers_to_send& m,
                         const attempt& given_up, std::function<void(marker_answer)> then) {
  const bool bumped = m.transaction_version >= transaction::epoch_bumped_transactions;
  around_.send(given_up, bumped, [this, to, m, then = std::move(then)] {
    const auto answer = partitions_[static_cast<std::size_t>(to.partition.value())]->end(m);
    around_.send(nullptr, true, [then, answer] { then(answer); });
  });
}

client::ways world::ways_of(const std::string& id, bool classic) {
  const bool may_repeat = !classic || rules_.broken_outside.classic_copies_late;
  client::ways out;
  out.ask = [this, id, may_repeat](const transaction::request& r, std::int16_t version,
                                   const attempt& given_up,
                                   std::function<void(std::optional<transaction::answer>)> then) {
    ask(id, r, version, may_repeat, given_up, std::move(then));
  };
  out.store = [this](std::size_t partition, const record_to_store& r, const attempt& given_up,
                     std::function<void(store_answer)> then) {
    around_.send(given_up, true, [this, partition, r, then = std::move(then)] {
      partitions_[partition]->store(r, [this, then](store_answer a) {
        around_.send(nullptr, false, [then, a] { then(a); });
      });
    });
  };
  for (const auto& p : partitions_) out.partitions.push_back(p->name());
  return out;
}

// Whoever has the id now goes on, and learns that it is not its own any more.
void world::make_client(std::size_t id) {
  const bool classic = chance_.chance(rules_.classic);
  clients_.push_back(std::make_unique<client>(around_, ways_of(name_of(id), classic),
                                              clients_.size() + 1, name_of(id), classic));
  newest_.resize(std::max(newest_.size(), id + 1));
  newest_[id] = clients_.back().get();
  clients_.back()->start();
}

void world::trouble(moment every, std::function<void()> what) {
  if (every == 0) return;
  events_.after(chance_.between(1, 2 * every), [this, every, what = std::move(what)] {
    if (around_.calm) return;
    what();
    trouble(every, what);
  });
}

void world::crash(std::size_t which) {
  ++crashes_;
  hosts_[which]->crash();
  events_.after(chance_.between(1, rules_.down_max), [this, which] { hosts_[which]->start(); });
}

void world::start_trouble() {
  trouble(rules_.crash_every, [this] { crash(chance_.below(hosts_.size())); });
  trouble(rules_.restart_every,
          [this] { partitions_[chance_.below(partitions_.size())]->restart(); });
  trouble(rules_.compact_every, [this] { hosts_[chance_.below(hosts_.size())]->compact(); });
  trouble(rules_.replace_every, [this] { make_client(chance_.below(newest_.size())); });
  // Who ended is followed by another one.
  trouble(200 * ms, [this] {
    for (std::size_t id = 0; id < newest_.size(); ++id) {
      if (newest_[id]->over()) make_client(id);
    }
  });
}

void world::run() {
  for (auto& host : hosts_) host->start();
  for (std::size_t id = 0; id < static_cast<std::size_t>(rules_.ids); ++id) make_client(id);
  start_trouble();
  events_.run_until(rules_.chaos);
  settle();
}

// Nothing goes wrong any more, nobody begins anything: all that is open ends.
void world::settle() {
  around_.calm = true;
  around_.note("calm");
  for (auto& c : clients_) c->stop();
  const auto until = events_.now() + settling;
  const auto unfinished = [this] {
    std::string out;
    for (auto& host : hosts_) out += host->unfinished();
    for (auto& p : partitions_) {
      if (p->anything_open())
        out += fmt::format("partition {} has something open ", p->name().partition);
    }
    for (auto& c : clients_) {
      if (!c->over()) out += "a client waits ";
    }
    return out;
  };
  // All that was late has arrived by then, and every timeout passed.
  events_.run_until(events_.now() + rules_.late_max + rules_.timeout + second);
  while (!unfinished().empty() && events_.now() < until)
    events_.run_until(events_.now() + 100 * ms);
  if (const auto what = unfinished(); !what.empty())
    throw violation("it does not come to an end: " + what);
  truth_.judge();
}

void world::fill(report& out) const {
  out.hash = around_.hash;
  out.events = events_.count();
  out.virtual_time = events_.now();
  out.committed = truth_.committed();
  out.aborted = truth_.aborted();
  out.ends_of_terms = crashes_;
}

report simulate(const plan& rules) {
  return run_and_repeat<world, violation, report>(rules, last_events);
}

}  // namespace weir::sim::transactions
