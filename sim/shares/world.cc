#include "sim/shares/world.h"

#include <algorithm>
#include <utility>

#include "sim/repeat.h"

namespace weir::sim::shares {
namespace {

constexpr std::size_t last_events = 120;

group::group_settings settings_of(const plan& p) {
  group::group_settings s;
  s.share.session_timeout_ms = p.session_ms;
  s.share.heartbeat_interval_ms = p.session_ms / 4;
  s.share.assignment_interval_ms = 0;
  s.share.initialize_retry_ms = p.initialize_retry_ms;
  return s;
}

}  // namespace

world::world(const plan& rules, std::function<void(const std::string&)> tell)
    : rules_(rules),
      chance_(mix(rules.seed, 0x73686172)),
      truth_(rules_, static_cast<std::size_t>(rules.state_logs)),
      around_{
          {.events = events_, .chance = chance_, .links = rules_.links, .tell = std::move(tell)},
          rules_,
          truth_} {
  make_topics();
  brokers_ =
      std::make_unique<brokers>(around_, rules_.trouble, static_cast<std::size_t>(rules_.brokers));
  for (broker b = 0; b < brokers_->count(); ++b)
    clocks_.push_back(clock::draw(chance_, rules_.clock_percent, rules_.wall_skew));
  make_coordinators();
  make_partitions();
  make_brokers();
  make_groups();
}

void world::make_topics() {
  for (std::int64_t i = 0; i < rules_.topics; ++i) {
    const auto partitions = static_cast<std::int32_t>(chance_.between(1, rules_.partitions));
    topics_.known[fmt::format("t{}", i)] = {{7, static_cast<std::uint64_t>(i + 1)}, partitions};
  }
}

void world::make_coordinators() {
  group_kind_ = std::make_unique<group_kind>(
      around_, topics_, settings_of(rules_),
      [this](broker on, const group::share_initialization& what) { carry_out(on, what); });
  state_kind_ = std::make_unique<state_kind>(around_, topics_);
  const auto hit = [this](std::size_t number, broker on) { return brokers_->hit(number, on); };
  auto& groups = brokers_->add_log(rules_.broken_cleaner, [](auto, auto, const placed&) {});
  for (broker b = 0; b < brokers_->count(); ++b)
    group_hosts_.push_back(
        std::make_unique<group_host>(around_, *group_kind_, groups, b, clocks_[b], hit));
  state_hosts_.resize(static_cast<std::size_t>(rules_.state_logs));
  for (auto& hosts : state_hosts_) {
    auto& log = brokers_->add_log(
        rules_.broken_cleaner, [this](std::size_t number, std::size_t index, const placed& what) {
          truth_.committed(number - 1, index, what);
        });
    for (broker b = 0; b < brokers_->count(); ++b)
      hosts.push_back(std::make_unique<state_host>(around_, *state_kind_, log, b, clocks_[b], hit));
  }
  brokers_->compacts(1 + state_hosts_.size());
}

void world::make_partitions() {
  for (const auto& [name, topic] : topics_.known) {
    for (std::int32_t p = 0; p < topic.partitions; ++p) {
      const partition_key key{topic.id, p};
      auto& log = brokers_->add_log(
          {}, [this, key](auto, auto, const placed& what) { truth_.record(key, what); });
      const auto number = partitions_.size();
      partitions_.push_back(std::make_unique<data_partition>(around_, log, key, brokers_->count()));
      for (broker b = 0; b < brokers_->count(); ++b) {
        auto& f = *followers_.emplace_back(std::make_unique<follower>());
        // What a crash ends is told to nobody.
        f.over = [this, number, b] {
          if (partitions_[number]->log().up(b)) share_brokers_[b]->look(number);
        };
        log.listen(b, &f);
      }
    }
  }
}

void world::make_brokers() {
  for (broker b = 0; b < brokers_->count(); ++b) {
    persisters_.push_back(std::make_unique<persister>(
        around_, *brokers_, b,
        [this](std::size_t log, broker on) -> state_host& { return *state_hosts_[log - 1][on]; }));
    share_brokers_.push_back(std::make_unique<share_broker>(
        around_, b, clocks_[b], *persisters_[b], partitions_,
        [this](const share::share_partition& p) { return log_of(p); }));
  }
  brokers_->crashed = [this](broker b) {
    persisters_[b]->crash();
    share_brokers_[b]->crash();
  };
}

void world::make_groups() {
  for (std::int64_t i = 0; i < rules_.groups; ++i) {
    auto& g = groups_.emplace_back();
    g.id = fmt::format("g{}", i);
    for (const auto& [name, topic] : topics_.known) {
      if (g.topics.empty() || chance_.chance(500'000)) g.topics.insert(name);
    }
  }
}

void world::make_member(const group_of_members& g) {
  auto how = ways();
  members_.push_back(
      std::make_unique<member>(around_, std::move(how), g.id, members_.size() + 1, g.topics));
  around_.note("{} begins in {}", members_.back()->name(), g.id);
  members_.back()->start();
}

member::ways world::ways() {
  const auto number = members_.size();
  return {
      .ask_group = [this](const std::string&, const group::request& r, const attempt& given_up,
                          auto then) { ask_group(r, given_up, then); },
      .find_leader =
          [this](std::size_t p) { return brokers_->find_leader(partitions_[p]->log().number()); },
      .ask_broker = [this, number](
                        broker b, const share_request& r, const attempt& given_up,
                        auto then) { ask_broker(members_[number].get(), b, r, given_up, then); },
      .close = [this](broker b, const share::session_key& who,
                      std::uint64_t connection) { close(b, who, connection); },
      .new_connection = [this] { return ++connections_; },
      .number_of = [this](const partition_key& key) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < partitions_.size(); ++i) {
          if (partitions_[i]->key() == key) return i;
        }
        return std::nullopt;
      }};
}

std::size_t world::log_of(const share::share_partition& p) const {
  const auto sum = static_cast<std::size_t>(p.group.back()) + p.topic.low +
                   static_cast<std::size_t>(p.partition.value());
  return 1 + sum % state_hosts_.size();
}

share::share_partition world::name_of(const std::string& group, std::size_t partition) {
  const auto& key = partitions_[partition]->key();
  return {group, key.topic_id, partition_id(key.partition)};
}

void world::ask_group(const group::request& r, const attempt& given_up,
                      const std::function<void(const std::optional<group::answer>&)>& then) {
  const auto b = brokers_->find_leader(group_log);
  around_.send(given_up, [this, b, r, then] {
    if (!brokers_->log(group_log).up(b)) return;
    group_hosts_[b]->ask(r, 0, [this, then](const std::optional<group::answer>& a) {
      around_.send(nullptr, [then, a] { then(a); });
    });
  });
}

void world::ask_broker(member* who, broker b, const share_request& r, const attempt& given_up,
                       const std::function<void(const share_reply&)>& then) {
  around_.send(given_up, [this, b, r, then] {
    if (!brokers_->log(group_log).up(b)) return;
    share_brokers_[b]->ask(
        r, [this, then](const share_reply& a) { around_.send(nullptr, [then, a] { then(a); }); });
  });
  // A copy of what has a turn in the session comes when that turn is over.
  if (r.epoch <= 0 || around_.calm || !chance_.chance(rules_.copies)) return;
  events_.after(chance_.between(1, rules_.patience), [this, who, b, r, given_up] {
    const bool over = given_up && *given_up;  // answered, or given up
    if (!over || !who->is_now(b, r.connection) || !brokers_->log(group_log).up(b)) return;
    if (!share_brokers_[b]->knows(r)) return;
    share_brokers_[b]->ask(r, [](const share_reply& a) {
      require(a.error != kafka::error_code::none,
              "a request of a session comes twice, and is good");
    });
  });
}

// A broker that is cut off, or whose machine is, hears it late or never.
void world::close(broker b, const share::session_key& who, std::uint64_t connection) {
  if (connection == 0 || (!around_.calm && chance_.chance(200'000))) return;
  const auto wait = chance_.chance(500'000) ? around_.travel() : chance_.between(1, second);
  events_.after(wait, [this, b, who, connection] {
    if (brokers_->log(group_log).up(b)) share_brokers_[b]->connection_closed(who, connection);
  });
}

void world::run() {
  for (const auto& g : groups_) {
    const auto count = chance_.between(1, rules_.members);
    for (std::int64_t i = 0; i < count; ++i) make_member(g);
  }
  brokers_->keep_led();
  start_trouble();
  events_.run_until(rules_.chaos);
  settle();
}

void world::fill(report& out) const {
  out.hash = around_.hash;
  out.events = events_.count();
  out.virtual_time = events_.now();
  out.deliveries = truth_.deliveries();
  out.writes = const_cast<oracle&>(truth_).stored().writes();
  out.leaders = brokers_->leaders();
  out.too_late = truth_.too_late();
}

report simulate(const plan& rules) {
  return run_and_repeat<world, violation, report>(rules, last_events);
}

}  // namespace weir::sim::shares
