#pragma once
// What consensus relies on in a log, whoever keeps it: a partition's files (engine/store) and the
// simulator's disk (sim) are held to the same random histories.
//
// - What was flushed is there after a crash; of what was not, a beginning may be; the rest is gone.
// - What was cut off never comes back.
// - What a recovery gave stays, without another flush.
// - A vote that was flushed is there after a crash, whatever was cut off since; a cut keeps the
// last
//   one, flushed or not. One that was never cast is never there.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/log/frame.h"

namespace weir::log::contract {

struct stored_entry {
  weir::term term;
  std::uint64_t tag = 0;  // of this entry alone
  bool operator==(const stored_entry&) const = default;
};

// A log that begins at index 1.
class subject {
 public:
  virtual ~subject() = default;
  // Behind the last one; `size`: of its body, about.
  virtual void append(stored_entry e, std::size_t size) = 0;
  virtual void save_vote(vote v) = 0;
  virtual void flush() = 0;
  virtual void truncate_after(log_index last) = 0;
  virtual void crash_and_recover() = 0;
  virtual std::vector<stored_entry> entries() = 0;
  virtual vote last_vote() = 0;
};

// Empty: the log kept to it; else what it did not.
inline std::string run_history(subject& on, std::uint64_t seed, int steps = 150) {
  std::mt19937_64 random(seed);
  std::vector<stored_entry> written;
  std::size_t durable = 0;
  std::vector<vote> votes{{}};  // cast and perhaps there, the ones that are certainly there first
  std::size_t kept_votes = 1;
  weir::term term(1);
  std::uint64_t tag = 0;
  for (int step = 0; step < steps; ++step) {
    const auto kind = random() % 10;
    if (kind > 7) {
      // A term is entered without a vote first, or with it; there is one in a term.
      const bool entered = votes.back().term == term && votes.back().voted_for == node_id(-1);
      if (!entered) term += 1 + random() % 3;
      const bool votes_now = entered || random() % 2 == 0;
      votes.push_back({.term = term, .voted_for = node_id(votes_now ? step : -1)});
      on.save_vote(votes.back());
      continue;
    }
    if (kind > 3) {
      for (auto n = 1 + random() % 6; n > 0; --n) {
        written.push_back({term, ++tag});
        on.append(written.back(), 100 + random() % 3000);
      }
      continue;
    }
    if (kind == 0) {
      on.crash_and_recover();
    } else if (kind == 1) {
      const auto last = random() % (written.size() + 1);
      on.truncate_after(log_index(last));
      written.resize(last);
      durable = std::min(durable, last);
      kept_votes = votes.size();
      term += 1;
    } else {
      on.flush();
      durable = written.size();
      kept_votes = votes.size();
    }
    const auto found = on.entries();
    const auto at = " at step " + std::to_string(step) + " of seed " + std::to_string(seed);
    if (found.size() > written.size()) return "entries that were cut off are back" + at;
    if (found.size() < (kind == 0 ? durable : written.size())) return "entries are gone" + at;
    if (!std::equal(found.begin(), found.end(), written.begin())) return "other entries" + at;
    const auto vote =
        std::find(votes.begin() + static_cast<long>(kept_votes - 1), votes.end(), on.last_vote());
    if (vote == votes.end()) return "a vote is gone" + at;
    votes.resize(static_cast<std::size_t>(vote - votes.begin()) + 1);
    kept_votes = votes.size();
    written.resize(found.size());
    if (kind == 0) durable = found.size();
  }
  return {};
}

}  // namespace weir::log::contract
