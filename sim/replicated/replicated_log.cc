#include "sim/replicated/replicated_log.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sim/replicated/violation.h"

namespace weir::sim::replicated {
namespace {

constexpr moment beat_every = 40 * ms;
// What reads a log is done by then, and has seen all of its tombstones (KIP-58).
constexpr moment tombstones_stay = 3 * second;

}  // namespace

replicated_log::replicated_log(surroundings& around, std::size_t number, std::size_t brokers,
                               const cleaner_defects& broken, told_committed committed)
    : around_(around),
      number_(number),
      broken_(broken),
      tell_committed_(std::move(committed)),
      copies_(brokers) {
  for (auto& c : copies_) {
    c.match.assign(brokers, 0);
    c.heard.assign(brokers, 0);
    c.asked.assign(brokers, -1);
  }
}

bool replicated_log::reach(broker a, broker b) const {
  return a == b || (!around_.cut[a][b] && !around_.cut[b][a]);
}

bool replicated_log::is_led() const {
  for (broker b = 0; b < copies_.size(); ++b) {
    if (!copies_[b].up || !copies_[b].leads) continue;
    std::size_t heard = 0;
    bool newest = true;
    for (broker o = 0; o < copies_.size(); ++o) {
      if (copies_[o].up && reach(b, o)) ++heard;
      if (copies_[o].term > copies_[b].term) newest = false;
    }
    if (newest && heard >= majority()) return true;
  }
  return false;
}

bool replicated_log::elect(broker b) {
  auto& c = copies_[b];
  if (!c.up || c.leads) return false;
  std::int32_t term = 0;
  for (const auto& o : copies_) term = std::max(term, o.term);
  const auto last = [](const copy& o) {
    return std::pair(o.entries.empty() ? 0 : o.entries.back()->term, o.entries.size());
  };
  std::vector<broker> votes;
  for (broker o = 0; o < copies_.size(); ++o) {
    if (copies_[o].up && reach(b, o) && last(copies_[o]) <= last(c)) votes.push_back(o);
  }
  if (votes.size() < majority()) return false;
  ++term;
  for (const auto o : votes) see_term(o, term);
  c.leads = true;
  c.match.assign(copies_.size(), 0);
  c.heard.assign(copies_.size(), around_.events.now());
  c.asked.assign(copies_.size(), -1);
  around_.note("log {}: broker {} leads term {} from {} on", number_, b, term, c.entries.size());
  place(b, {.term = term});
  c.first_of_term = c.entries.size();
  beat(b, term);
  return true;
}

void replicated_log::place(broker b, placed what) {
  auto& c = copies_[b];
  what.term = c.term;
  c.entries.push_back(std::make_shared<const placed>(std::move(what)));
  const auto at = c.entries.size();
  const auto term = c.term;
  flush(b, [this, b, term, at] {
    auto& l = copies_[b];
    if (!l.leads || l.term != term) return;
    l.match[b] = std::max(l.match[b], at);
    advance(b);
  });
  send_all(b);
}

// Its promises and what it flushed are there when it comes back; of the rest any part may be.
void replicated_log::crash(broker b) {
  auto& c = copies_[b];
  if (!c.up) return;
  c.up = false;
  if (c.leads) step_down(b);
  ++c.life;
  const auto open = c.entries.size() - c.durable;
  c.entries.resize(c.durable + around_.chance.below(open + 1));
  c.durable = c.entries.size();
}

void replicated_log::start(broker b) {
  copies_[b].up = true;
}

void replicated_log::send(broker from, broker to, std::function<void()> arrives) {
  if (around_.cut[from][to] || around_.lost()) return;
  around_.events.after(around_.travel(), [this, to, arrives = std::move(arrives)] {
    if (copies_[to].up) arrives();
  });
}

void replicated_log::send_all(broker leader) {
  const auto& c = copies_[leader];
  for (broker to = 0; to < copies_.size(); ++to) {
    if (to == leader) continue;
    // From where both have the same, which a leader finds out by asking.
    const auto& theirs = copies_[to].entries;
    std::size_t same = std::min({c.match[to], theirs.size(), c.entries.size()});
    const auto common = std::min(theirs.size(), c.entries.size());
    while (same < common && theirs[same]->term == c.entries[same]->term) ++same;
    append a{.from = leader,
             .term = c.term,
             .previous = same,
             .previous_term = same == 0 ? 0 : c.entries[same - 1]->term,
             .entries = {c.entries.begin() + static_cast<std::ptrdiff_t>(same), c.entries.end()},
             .commit = c.commit,
             .sent = around_.events.now()};
    send(leader, to, [this, to, a = std::move(a)] { take(to, a); });
  }
}

void replicated_log::beat(broker leader, std::int32_t term) {
  auto& c = copies_[leader];
  if (!c.leads || c.term != term) return;
  std::size_t heard = 0;
  for (broker o = 0; o < copies_.size(); ++o) {
    const bool lately = around_.events.now() - c.heard[o] <= around_.links.quorum_patience;
    if (o == leader || lately) ++heard;
  }
  if (heard < majority()) return step_down(leader);
  send_all(leader);
  around_.events.after(beat_every, [this, leader, term] { beat(leader, term); });
}

void replicated_log::see_term(broker b, std::int32_t term) {
  auto& c = copies_[b];
  if (term <= c.term) return;
  if (c.leads) step_down(b);
  c.term = term;
}

void replicated_log::step_down(broker b) {
  auto& c = copies_[b];
  around_.note("log {}: broker {} does not lead term {} any more", number_, b, c.term);
  c.leads = false;
  c.serves = false;
  if (c.to) c.to->ends();
}

void replicated_log::cut_off(broker b, std::size_t at) {
  auto& c = copies_[b];
  if (at < c.commit) throw violation("a log loses what is committed");
  c.entries.resize(at);
  c.durable = std::min(c.durable, at);
  ++c.life;
}

void replicated_log::take(broker b, const append& a) {
  auto& c = copies_[b];
  if (a.term < c.term) {
    const auto term = c.term;
    return send(b, a.from, [this, to = a.from, term] { see_term(to, term); });
  }
  see_term(b, a.term);
  const bool fits = a.previous <= c.entries.size() &&
                    (a.previous == 0 || c.entries[a.previous - 1]->term == a.previous_term);
  if (!fits) return;
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    const auto at = a.previous + i;
    if (at < c.entries.size() && c.entries[at]->term == a.entries[i]->term) continue;
    if (at < c.entries.size()) cut_off(b, at);
    c.entries.push_back(a.entries[i]);
  }
  set_commit(b, std::min(a.commit, a.previous + a.entries.size()));
  flush(b, [this, b, a] { acknowledge(b, a); });
}

void replicated_log::acknowledge(broker b, const append& a) {
  const auto through = a.previous + a.entries.size();
  if (copies_[b].term != a.term) return;
  send(b, a.from, [this, b, to = a.from, term = a.term, through, sent = a.sent] {
    see_reply(to, b, term, through, sent);
  });
}

void replicated_log::see_reply(broker leader, broker from, std::int32_t term, std::size_t match,
                               moment sent) {
  auto& c = copies_[leader];
  if (!c.leads || c.term != term) return;
  c.match[from] = std::max(c.match[from], match);
  c.heard[from] = around_.events.now();
  c.asked[from] = std::max(c.asked[from], sent);
  advance(leader);
  if (c.leads && c.serves && c.to) c.to->committed();  // answers may wait for what was confirmed
}

void replicated_log::flush(broker b, std::function<void()> then) {
  auto& c = copies_[b];
  const auto done = [this, b, life = c.life, through = c.entries.size(), then = std::move(then)] {
    auto& now = copies_[b];
    if (!now.up || now.life != life) return;
    now.durable = std::max(now.durable, through);
    then();
  };
  if (c.durable == c.entries.size()) return done();
  around_.events.after(around_.chance.between(1, around_.links.flush_max), done);
}

bool replicated_log::confirmed(broker b, moment since) const {
  const auto& c = copies_[b];
  std::size_t sure = 1;
  for (broker o = 0; o < copies_.size(); ++o) {
    if (o != b && c.asked[o] >= since) ++sure;
  }
  return sure >= majority();
}

void replicated_log::advance(broker leader) {
  auto& c = copies_[leader];
  auto match = c.match;
  std::ranges::sort(match, std::greater<>());
  const auto by_majority = match[majority() - 1];
  if (by_majority <= c.commit || c.entries[by_majority - 1]->term != c.term) return;
  set_commit(leader, by_majority);
  if (!c.leads) return;
  if (!c.serves && c.commit >= c.first_of_term && c.first_of_term > 0) {
    c.serves = true;
    if (c.to) c.to->serves(c.term);
  } else if (c.serves && c.to) {
    c.to->committed();
  }
}

void replicated_log::set_commit(broker b, std::size_t to) {
  auto& c = copies_[b];
  c.commit = std::max(c.commit, to);
  for (; told_ < c.commit; ++told_) tell_committed_(number_, told_, *c.entries[told_]);
}

namespace {

enum class fate : std::uint8_t { counts, aborted, open };

// How the transaction of each entry ended, and the first one that is open.
std::pair<std::vector<fate>, std::size_t> fates_of(const std::vector<entry>& log,
                                                   std::size_t through) {
  std::map<producer_id, bool> ending;
  std::pair<std::vector<fate>, std::size_t> out{std::vector(through, fate::counts), through};
  for (auto i = through; i-- > 0;) {
    if (log[i]->ends) ending[log[i]->ends->producer] = log[i]->ends->commit;
    if (!log[i]->batch.transaction) continue;
    const auto end = ending.find(log[i]->batch.transaction->producer);
    if (end == ending.end()) {
      out.first[i] = fate::open;
      out.second = i;
    } else if (!end->second) {
      out.first[i] = fate::aborted;
    }
  }
  return out;
}

}  // namespace

// The cleaner stops at the first transaction that is open: a tombstone may be all that takes back
// what it has.
void replicated_log::compact(broker b) {
  auto& c = copies_[b];
  if (!c.up) return;
  auto [fates, stable] = fates_of(c.entries, c.commit);
  if (broken_.cleans_open) stable = c.commit;
  std::size_t seen = 0;  // by everybody who reads
  for (const auto& [when, through] : c.cleaned) {
    if (when + tombstones_stay <= around_.events.now()) seen = through;
  }
  std::vector<entry> clean(c.entries.begin(),
                           c.entries.begin() + static_cast<std::ptrdiff_t>(stable));
  std::set<std::string> later;
  for (auto i = stable; i-- > 0;) {
    auto left = *c.entries[i];
    std::vector<group::coordinator_record> kept;
    for (auto r = left.batch.records.rbegin(); r != left.batch.records.rend(); ++r) {
      if (fates[i] == fate::aborted) continue;
      if (!r->value && broken_.cleans_all_tombstones) continue;
      if (!later.insert(r->key.str()).second) continue;
      if (r->value || i >= seen) kept.push_back(*r);
    }
    if (kept.size() == left.batch.records.size()) continue;
    std::ranges::reverse(kept);
    left.batch.records = std::move(kept);
    clean[i] = std::make_shared<const placed>(std::move(left));
  }
  c.clean = std::move(clean);
  c.cleaned.emplace_back(around_.events.now(), stable);
  around_.note("log {}: broker {} cleans {} of {}", number_, b, stable, c.entries.size());
}

}  // namespace weir::sim::replicated
