#include <algorithm>
#include <random>
#include <ranges>

#include "core/group/consumer_world_test.h"

namespace weir::group {
namespace {

using kafka::error_code;
using rng = std::mt19937_64;

std::uint64_t below(rng& r, std::uint64_t n) {
  return n == 0 ? 0 : r() % n;
}

// A consumer as clients are: it owns what it was given until it gave it up, and says so.
struct client {
  std::string id;
  std::optional<std::string> instance;
  std::set<std::string> names;
  std::string regex;
  std::int32_t epoch = 0;
  topic_partitions owned;
  std::optional<topic_partitions> given;  // an assignment that it has not carried out yet
  bool tells_all = true;                  // an answer may have been lost

  [[nodiscard]] consumer_world::request request() const {
    auto r = epoch == 0 ? joining(id, {}) : beating(id, epoch);
    if (instance) r.instance_id = text(*instance);
    if (epoch == 0 || tells_all) {
      r.rebalance_timeout_ms = 12'000;
      r.subscribed_topic_names.emplace();
      for (const auto& n : names) r.subscribed_topic_names->push_back(text(n));
      r.subscribed_topic_regex = text(regex);  // empty: no longer
    }
    put_owned(r, owned);
    return r;
  }
  void hear(const consumer_world::response& a) {
    tells_all = false;
    switch (a.error) {
      case error_code::none:
        epoch = a.member_epoch;
        if (a.assignment) given = to_set(a.assignment);
        return;
      case error_code::unknown_member_id:
      case error_code::fenced_member_epoch:
      case error_code::group_id_not_found:
        forget();
        return;
      default:
        FAIL(fmt::format("{} says {}", id, a.error_message.value_or(text()).view()));
    }
  }
  // No answer came: it asks for everything, and takes nothing on the word of an older answer.
  void miss() {
    tells_all = true;
    given.reset();
  }
  void forget() {
    epoch = 0;
    owned = {};
    given.reset();
    tells_all = true;
  }
  // First it gives up, then it takes; what it was given nobody else has.
  void carry_out() {
    if (!given) return;
    owned = *given;
    given.reset();
  }
};

class model {
 public:
  model(std::uint64_t seed, bool same) : r_(seed), same_(same) {
    for (const auto* name : {"t0", "t1", "t2"}) {
      w_.topics.set(name, static_cast<std::int32_t>(1 + below(r_, 6)));
    }
    if (below(r_, 2)) w_.settings.assignment_interval_ms = 0;
    if (below(r_, 4) == 0) w_.settings.assignors = {assignor::range};
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      one_step();
      check();
    }
    calm();
  }

 private:
  client* any() {
    if (clients_.empty()) return nullptr;
    return &clients_[below(r_, clients_.size())];
  }
  void subscribe(client& c) {
    c.names.clear();
    c.regex.clear();
    if (same_) {
      c.names = {"t0", "t1", "t2"};
      return;
    }
    for (const auto* name : {"t0", "t1", "t2", "t3"}) {
      if (below(r_, 2)) c.names.insert(name);
    }
    if (below(r_, 3) == 0) c.regex = below(r_, 2) ? "t[12]" : "t.*";
  }
  void add() {
    if (clients_.size() >= 7) return;
    auto& c = clients_.emplace_back();
    c.id = "m" + std::to_string(++made_);
    if (below(r_, 3) == 0) c.instance = "i" + std::to_string(made_);
    subscribe(c);
    beat(c);
  }
  void beat(client& c) {
    const auto lost = below(r_, 10);
    if (lost == 0) return c.miss();  // the request did not arrive
    const auto before = w_.log.size();
    const auto answer = w_.beat(c.request());
    if (lost == 1) return c.miss();
    if (lost == 2 && before < w_.log.size()) {
      // The leader goes before the records are committed: nobody hears of them.
      w_.log.resize(before);
      w_.folded = w_.fresh();
      for (const auto& rec : w_.log) REQUIRE(w_.folded->apply(rec.key, rec.value));
      w_.reload();
      return c.miss();
    }
    c.hear(answer);
  }
  // It is gone: its session ends later, or it says so.
  void lose(client& c) {
    if (below(r_, 2) && c.epoch > 0) {
      auto r = beating(c.id, c.instance && below(r_, 2) ? static_leaving_epoch : leaving_epoch);
      if (c.instance) r.instance_id = text(*c.instance);
      w_.beat(r);
      if (r.member_epoch == static_leaving_epoch && below(r_, 2)) {
        c.id += "'";  // it starts again
        c.forget();
        return;
      }
    }
    std::erase_if(clients_, [&](const client& x) { return &x == &c; });
  }
  void change_topics() {
    switch (below(r_, 3)) {
      case 0:
        w_.topics.set("t3", static_cast<std::int32_t>(1 + below(r_, 4)));
        break;
      case 1:
        w_.topics.topics.erase("t3");
        break;
      default:
        w_.topics.topics["t1"].partitions += 1;
    }
    w_.live->topics_changed();
  }
  void one_step() {
    auto* c = any();
    switch (below(r_, 16)) {
      case 0:
        add();
        break;
      case 1:
        if (c) lose(*c);
        break;
      case 2:
        w_.pass(static_cast<std::int64_t>(below(r_, 20'000)));
        break;
      case 3:
        w_.pass(static_cast<std::int64_t>(below(r_, 2'000)));
        break;
      case 4:
        if (below(r_, 2)) w_.compact();
        w_.reload();
        break;
      case 5:
        change_topics();
        break;
      case 6:
        if (c) subscribe(*c), c->tells_all = true;
        break;
      case 7:
      case 8:
      case 9:
        if (c) c->carry_out();
        break;
      default:
        if (c) beat(*c);
    }
  }
  // Who was put out has stopped by itself.
  void stop_the_expelled() {
    if (!w_.live->find("g")) return;
    for (auto& c : clients_) {
      if (c.epoch > 0 && !w_.state().find(text(c.id))) c.forget();
    }
  }
  void check() {
    stop_the_expelled();
    std::map<std::pair<uuid, std::int32_t>, std::string> owners;
    for (const auto& c : clients_) {
      c.owned.for_each([&](const partition_key& p) {
        const auto [at, alone] = owners.emplace(std::pair(p.topic_id, p.partition), c.id);
        INFO(at->second << " and " << c.id << " have " << p.partition);
        REQUIRE(alone);
      });
    }
    if (w_.live->find("g")) w_.check_owners();
  }

  void calm() {
    w_.topics.topics.erase("t3");
    w_.live->topics_changed();
    if (clients_.empty()) add();
    // Those who are gone time out while the others go on.
    for (int round = 0; round < 22; ++round) {
      for (auto& c : clients_) {
        c.hear(w_.beat(c.request()));
        c.carry_out();
        check();
      }
      w_.pass(5'000);
    }
    const auto* g = w_.live->find("g");
    REQUIRE(g);
    REQUIRE(g->stored().members().size() == clients_.size());
    REQUIRE(g->state() == consumer_group_state::stable);
    std::set<std::string> wanted;
    for (const auto& c : clients_) {
      for (const auto& [name, t] : w_.topics.topics) {
        const bool wants = c.names.contains(name) || c.regex == "t.*" ||
                           (c.regex == "t[12]" && (name == "t1" || name == "t2"));
        if (wants) wanted.insert(name);
      }
    }
    std::size_t all = 0;
    for (const auto& name : wanted)
      all += static_cast<std::size_t>(w_.topics.topics[name].partitions);
    std::size_t owned = 0;
    std::size_t low = SIZE_MAX;
    std::size_t high = 0;
    for (const auto& c : clients_) {
      owned += c.owned.size();
      low = std::min(low, c.owned.size());
      high = std::max(high, c.owned.size());
    }
    REQUIRE(owned == all);
    if (same_ && w_.settings.assignors.front() == assignor::uniform) REQUIRE(high <= low + 1);
    // And nothing moves any more.
    const auto records = w_.log.size();
    for (auto& c : clients_) REQUIRE(!w_.beat(c.request()).assignment);
    REQUIRE(w_.log.size() == records);
  }

  rng r_;
  bool same_;
  consumer_world w_;
  std::vector<client> clients_;
  int made_ = 0;
};

TEST_CASE("groups by seed: no partition has two owners, all have one in the end") {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    INFO("seed " << seed);
    model(seed, seed % 2 == 0).run(80);
  }
}

// All join, then beat until everyone has its own; how many rounds that took.
struct large_group {
  consumer_world w;
  std::vector<client> clients;
  std::size_t heartbeats = 0;
  std::uint64_t join_work = 0;

  large_group(int members, std::int32_t partitions) {
    w.compares = false;
    w.topics.set("t", partitions);
    for (int i = 0; i < members; ++i) {
      auto& c = clients.emplace_back();
      c.id = "m" + std::to_string(i);
      c.names = {"t"};
      beat(c);
      w.pass(i % 2);
    }
    join_work = work();
  }
  void beat(client& c) {
    c.hear(w.beat(c.request()));
    c.carry_out();
    ++heartbeats;
  }
  [[nodiscard]] std::uint64_t work() const { return w.live->find("g")->work(); }
  int settle() {
    for (int round = 1; round < 20; ++round) {
      w.pass(5'000);
      for (auto& c : clients) beat(c);
      if (w.live->find("g")->state() == consumer_group_state::stable) return round;
    }
    FAIL("never stable");
    return 0;
  }
};

TEST_CASE("1000 members on 1000 partitions: few rounds, and steps that stay short") {
  large_group g(1000, 1000);
  CHECK(g.settle() <= 3);
  for (const auto& c : g.clients) CHECK(c.owned.size() == 1);
  CHECK(g.work() < 60'000);
  CHECK(g.w.log.size() < 12'000);
  // A settled group costs nothing, and one that leaves moves only what it had.
  const auto before = g.work();
  const auto records = g.w.log.size();
  for (auto& c : g.clients) g.beat(c);
  CHECK(g.work() == before);
  CHECK(g.w.log.size() == records);
  g.w.beat(beating("m0", leaving_epoch));
  g.clients.erase(g.clients.begin());
  CHECK(g.settle() <= 2);
  CHECK(g.w.log.size() < records + 1'100);
}

TEST_CASE("twice the group: twice the steps") {
  large_group small(500, 500);
  large_group large(1000, 1000);
  small.settle();
  large.settle();
  CHECK(large.work() < 3 * small.work());
  CHECK(large.w.log.size() < 3 * small.w.log.size());
}

}  // namespace
}  // namespace weir::group
