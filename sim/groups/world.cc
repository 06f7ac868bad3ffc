#include "sim/groups/world.h"

#include <algorithm>
#include <utility>

#include "sim/groups/classic_client.h"
#include "sim/groups/consumer_client.h"
#include "sim/groups/outsider.h"
#include "sim/repeat.h"

namespace weir::sim::groups {
namespace {

constexpr std::size_t last_events = 120;

}  // namespace

world::world(const plan& rules, std::function<void(const std::string&)> tell)
    : rules_(rules),
      chance_(mix(rules.seed, 0x67726f757073)),
      truth_(rules_, topics_, static_cast<std::size_t>(rules.logs)),
      around_{{.events = events_,
               .chance = chance_,
               .links = {rules_.delay_max, rules_.flush_max, rules_.quorum_patience, rules_.loss},
               .tell = std::move(tell)},
              rules_,
              truth_} {
  withholds_ = rules_.withholds;
  make_topics();
  make_hosts();
  make_groups();
}

void world::make_topics() {
  for (std::int64_t i = 0; i < rules_.topics; ++i) {
    const auto partitions = static_cast<std::int32_t>(chance_.between(1, rules_.partitions));
    topics_.known[fmt::format("t{}", i)] = {{7, ++made_topics_}, partitions};
  }
}

void world::make_hosts() {
  const auto count = static_cast<std::size_t>(rules_.brokers);
  const trouble_rules trouble{.crash_every = rules_.crash_every,
                              .down_max = rules_.down_max,
                              .cut_every = rules_.cut_every,
                              .cut_max = rules_.cut_max,
                              .move_every = rules_.move_every,
                              .compact_every = rules_.compact_every,
                              .mischief = rules_.mischief};
  brokers_ = std::make_unique<brokers>(around_, trouble, count);
  known_.assign(count, topics_);
  for (std::size_t b = 0; b < count; ++b)
    clocks_.push_back(clock::draw(chance_, rules_.clock_percent, rules_.wall_skew));
  hosts_.resize(static_cast<std::size_t>(rules_.logs));
  for (auto& hosts : hosts_) {
    auto& log = brokers_->add_log(
        rules_.broken_cleaner, [this](std::size_t number, std::size_t index, const placed& what) {
          truth_.committed(number, index, what);
        });
    for (broker b = 0; b < count; ++b)
      hosts.push_back(std::make_unique<coordinator_host>(
          around_, log, b, clocks_[b], known_[b],
          [this](std::size_t number, broker on) { return brokers_->hit(number, on); },
          [this](const auto& wanted, const auto& then) { make_internal(wanted, then); }));
  }
  brokers_->compacts(hosts_.size());
  transactions_ = std::make_unique<transactions>(
      around_, [this](const std::string& group, const marker& m, std::function<void(bool)> then) {
        write_marker(group, m, std::move(then));
      });
}

void world::make_groups() {
  for (std::int64_t i = 0; i < rules_.groups; ++i) {
    auto& g = groups_.emplace_back();
    g.id = fmt::format("g{}", i);
    g.mixed = rules_.mixed;
    g.classic = chance_.chance(rules_.classic);
    for (const auto& [name, topic] : topics_.known) {
      if (g.topics.empty() || chance_.chance(500'000)) g.topics.insert(name);
    }
    if (rules_.streams != 0 && chance_.chance(rules_.streams)) draw_streams(g);
  }
}

void world::make_client(const group_of_clients& g, std::optional<std::string> instance) {
  client::traits is{.number = clients_.size() + 1,
                    .group = g.id,
                    .instance = std::move(instance),
                    .transactional = chance_.chance(rules_.transactional),
                    .topics = g.topics,
                    .regex = {}};
  if (g.streams) return make_streams_client(g, std::move(is));
  if (!is.instance && chance_.chance(rules_.instances)) is.instance = fmt::format("i{}", is.number);
  const bool classic = g.mixed ? chance_.chance(rules_.classic) : g.classic;
  if (!classic && chance_.chance(rules_.regexes)) is.regex = "t.*";
  if (classic) {
    clients_.push_back(std::make_unique<classic_client>(around_, ways(), std::move(is)));
  } else {
    clients_.push_back(std::make_unique<consumer_client>(around_, ways(), std::move(is)));
  }
  around_.note("{} begins, {}{}", clients_.back()->str(), classic ? "classic" : "consumer",
               clients_.back()->is().instance ? ", as " + *clients_.back()->is().instance : "");
  clients_.back()->start();
}

client::ways world::ways() {
  return {
      .find_coordinator = [this](const std::string& group) { return find_coordinator(group); },
      .ask =
          [this](broker b, const std::string& group, const group::request& r, std::int16_t version,
                 const attempt& given_up, const coordinator_host::answered& then) {
            ask(b, group, r, version, given_up, then);
          },
      .known = &topics_,
      .within = transactions_.get()};
}

std::size_t world::log_of(const std::string& group) const {
  return static_cast<std::size_t>(group.back() - '0') % hosts_.size();
}

broker world::find_coordinator(const std::string& group) {
  return brokers_->find_leader(log_of(group));
}

void world::ask(broker b, const std::string& group, const group::request& r, std::int16_t version,
                const attempt& given_up, const coordinator_host::answered& then) {
  const auto log = log_of(group);
  if (!around_.calm && chance_.chance(rules_.copies)) {
    events_.after(chance_.between(1, 2 * second),
                  [this, log, r, version] { come_late(log, r, version); });
  }
  // What was not given up may come late.
  const bool late = !given_up && !around_.calm && chance_.chance(100'000);
  const auto arrives = [this, log, b, r, version, then] {
    if (!brokers_->log(log).up(b)) return;
    host(log, b).ask(r, version, "client", [this, then](const std::optional<group::answer>& a) {
      around_.send(nullptr, [then, a] { then(a); });
    });
  };
  if (late) {
    events_.after(chance_.between(1, 2 * rules_.transaction_timeout), arrives);
  } else {
    around_.send(given_up, arrives);
  }
}

// Those that are not over the protocol can't tell from others: there connections keep the order.
void world::come_late(std::size_t log, const group::request& r, std::int16_t version) {
  if (around_.calm || !truth_.is_over(r)) return;
  for (broker b = 0; b < known_.size(); ++b) {
    auto& h = host(log, b);
    if (!h.is_settled() || !truth_.knows_all(log, h.entries())) continue;
    const auto refused = [](const std::optional<group::answer>& a) {
      if (!a) return;
      if (const auto* beat = std::get_if<kafka::consumer_group_heartbeat_response>(&*a))
        require(beat->error != kafka::error_code::none, "a heartbeat of an old epoch is good");
      if (const auto* beat = std::get_if<kafka::streams_group_heartbeat_response>(&*a))
        require(beat->error != kafka::error_code::none, "a heartbeat of an old epoch is good");
    };
    return h.ask(r, version, "late", refused);
  }
}

void world::write_marker(const std::string& group, const marker& m,
                         std::function<void(bool)> then) {
  const auto log = log_of(group);
  const auto b = find_coordinator(group);
  const bool late = !around_.calm && chance_.chance(50'000);
  const auto wait = late ? chance_.between(1, 2 * second) : around_.travel();
  if (around_.lost()) return;
  events_.after(wait, [this, log, b, m, then = std::move(then)] {
    if (!brokers_->log(log).up(b)) return;
    host(log, b).end_transaction(m, [this, then](bool written) {
      around_.send(nullptr, [then, written] { then(written); });
    });
  });
}

void world::run() {
  for (const auto& g : groups_) {
    const auto count = chance_.between(1, rules_.clients);
    for (std::int64_t i = 0; i < count; ++i) make_client(g);
  }
  for (std::size_t i = 0; rules_.outsiders && i < 5; ++i) {
    client::traits is{.number = clients_.size() + 1,
                      .group = "x0",
                      .instance = {},
                      .transactional = i == 1 || i == 2,
                      .topics = {"t0"},
                      .regex = {}};
    clients_.push_back(std::make_unique<outsider>(around_, ways(), std::move(is), i > 2));
    clients_.back()->start();
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
  out.commits = const_cast<oracle&>(truth_).offsets().commits();
  out.generations = truth_.generations();
  out.committed = transactions_->committed();
  out.aborted = transactions_->aborted();
  out.leaders = brokers_->leaders();
}

report simulate(const plan& rules) {
  return run_and_repeat<world, violation, report>(rules, last_events);
}

}  // namespace weir::sim::groups
