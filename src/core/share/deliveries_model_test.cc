// Random steps, beside a reference that keeps each record by itself; now and then the leader is
// lost, and the next one goes on from what was stored.
#include <catch2/catch_all.hpp>
#include <map>
#include <random>

#include "core/share/deliveries.h"

namespace weir::share {
namespace {

struct one_record {
  delivery_state state = delivery_state::available;
  int count = 0;
  std::string member;
  std::int64_t deadline = 0;
};

constexpr std::int64_t log_end = 400;

class world {
 public:
  explicit world(std::uint64_t seed) : chance_(seed) {
    for (std::int64_t o = 0; o < log_end;) {
      o = std::min<std::int64_t>(log_end, o + 1 + below(9));
      ends_.emplace_back(o - 1);
    }
    settings_.lock_duration_ms = 20;
    settings_.deliveries_max = static_cast<std::int16_t>(1 + below(4));
    settings_.records_in_flight_max = static_cast<std::int32_t>(10 + below(60));
  }

  void run(int steps) {
    for (int n = 0; n < steps; ++n) {
      INFO("step " << n);
      now_ += below(4);
      switch (below(12)) {
        case 0:
          release(member());
          break;
        case 1:
          tick();
          break;
        case 2:
          abort();
          break;
        case 3:
          if (below(8) == 0) cut();
          break;
        case 4:
          if (below(4) == 0) lose_leader();
          break;
        case 5:
        case 6:
        case 7:
          acquire();
          break;
        default:
          acknowledge();
      }
      compare();
    }
  }
  [[nodiscard]] std::int64_t start() const { return start_; }

 private:
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(chance_);
  }
  std::string member() { return std::string(1, static_cast<char>('a' + below(3))); }
  one_record& at(std::int64_t o) { return records_[o]; }

  void acquire() {
    const auto from = d_.next_fetch(settings_);
    std::int64_t first = start_;
    while (at(first).state != delivery_state::available) ++first;
    const bool full =
        first >= d_.end().value() && d_.in_flight() >= settings_.records_in_flight_max;
    REQUIRE(from.has_value() == !full);
    if (!from || from->value() >= log_end) return;
    REQUIRE(from->value() == first);
    const auto last =
        std::ranges::lower_bound(ends_, *from + below(40), {}, [](offset e) { return e; });
    const auto until = last == ends_.end() ? ends_.back() : *last;
    const acquisition of{.asked = *from,
                         .read = {*from, until},
                         .batch_ends = ends_,
                         .records_max = static_cast<std::int32_t>(1 + below(30)),
                         .whole_batches = below(2) == 0};
    const auto who = member();
    const auto given = d_.acquire(text(who), of, settings_, now_);
    std::int64_t sum = 0, next = first;
    for (const auto& g : given) {
      for (; next < g.first.value(); ++next) REQUIRE(at(next).state != delivery_state::available);
      for (; next <= g.last.value(); ++next) {
        auto& r = at(next);
        REQUIRE(r.state == delivery_state::available);
        REQUIRE(g.delivery_count == r.count + 1);
        r = {delivery_state::acquired, r.count + 1, who, now_ + settings_.lock_duration_ms};
        ++sum;
      }
    }
    REQUIRE(sum > 0);
    REQUIRE(next <= until.value() + 1);
    REQUIRE(sum < of.records_max + (of.whole_batches ? 9 : 1));
    REQUIRE(d_.in_flight() < settings_.records_in_flight_max + 9);
    if (sum >= of.records_max || d_.in_flight() >= settings_.records_in_flight_max) return;
    for (; next <= until.value(); ++next) REQUIRE(at(next).state != delivery_state::available);
  }

  void acknowledge() {
    const auto who = member();
    const auto first = std::max<std::int64_t>(0, start_ - 3 + below(40));
    const auto last = first + below(6);
    std::vector<std::int8_t> types;
    const bool one = below(2) == 0;
    for (auto o = first; o <= (one ? first : last); ++o)
      types.push_back(static_cast<std::int8_t>(below(5)));
    const acknowledgement a{.of = {offset(first), offset(last)}, .types = types};
    bool may = true;
    for (auto o = std::max(first, start_); o <= last; ++o)
      may &= at(o).state == delivery_state::acquired && at(o).member == who;
    const auto got = d_.acknowledge(text(who), {&a, 1}, settings_, now_);
    REQUIRE(got.has_value() == may);
    if (!got) {
      REQUIRE(got.error() != acknowledge_error::invalid_request);
      return;
    }
    for (auto o = std::max(first, start_); o <= last; ++o) {
      const auto type = types[one ? 0 : static_cast<std::size_t>(o - first)];
      auto& r = at(o);
      if (type == 4) {
        r.deadline = now_ + settings_.lock_duration_ms;
      } else {
        end_of(r, type == 1   ? delivery_state::acknowledged
                  : type == 2 ? delivery_state::available
                              : delivery_state::archived);
      }
    }
    stored(*got);
  }

  void end_of(one_record& r, delivery_state to) {
    if (to == delivery_state::available && r.count >= settings_.deliveries_max)
      to = delivery_state::archived;
    r = {to, r.count, "", 0};
  }
  void release(const std::string& who) {
    for (auto& [o, r] : records_) {
      if (r.state == delivery_state::acquired && r.member == who)
        end_of(r, delivery_state::available);
    }
    stored(d_.release_all(text(who), settings_));
  }
  void tick() {
    bool due = false;
    std::optional<std::int64_t> next;
    for (auto& [o, r] : records_) {
      if (r.state != delivery_state::acquired || o < start_) continue;
      if (r.deadline <= now_) {
        due = true;
        end_of(r, delivery_state::available);
      } else {
        next = std::min(next.value_or(r.deadline), r.deadline);
      }
    }
    REQUIRE((!due || d_.next_deadline().value_or(INT64_MAX) <= now_));
    stored(d_.tick(settings_, now_));
    REQUIRE(d_.next_deadline() == next);
  }
  void abort() {
    const auto first = start_ + below(30);
    const auto last = first + below(5);
    const offset_range gone{offset(first), offset(last)};
    for (auto o = first; o <= last && o < d_.end().value(); ++o) {
      if (at(o).state == delivery_state::available) at(o).state = delivery_state::archived;
    }
    stored(d_.archive({&gone, 1}));
  }
  void cut() {
    const auto first = std::min(log_end, start_ + below(20));
    start_ = std::max(start_, first);
    stored(d_.log_starts_at(offset(first)));
  }
  void lose_leader() {
    for (auto& [o, r] : records_) {
      if (r.state == delivery_state::acquired) r = {delivery_state::available, r.count - 1, "", 0};
    }
    d_ = deliveries(disk_, offset(0));
  }

  // As the share coordinator does.
  void stored(const delivery_change& c) {
    REQUIRE(c.start >= disk_.start);
    REQUIRE(c.start == d_.start());
    REQUIRE(c.complete_count == d_.complete_count());
    REQUIRE(well_formed(c.batches));
    if (c.empty()) return;
    disk_.start = c.start;
    disk_.batches = combine(disk_.batches, c.batches, c.start);
  }
  void compare() {
    while (start_ < log_end && at(start_).state != delivery_state::available &&
           at(start_).state != delivery_state::acquired)
      ++start_;
    REQUIRE(d_.broken().empty());
    REQUIRE(d_.start().value() == start_);
    std::int64_t done = 0;
    for (auto o = start_; o < log_end; ++o) {
      INFO("offset " << o);
      const auto& r = at(o);
      done += r.state == delivery_state::acknowledged || r.state == delivery_state::archived;
      REQUIRE(d_.state_of(offset(o)) == r.state);
      REQUIRE(d_.count_of(offset(o)) == r.count);
    }
    REQUIRE(d_.complete_count() == done);
  }

  std::mt19937_64 chance_;
  delivery_settings settings_;
  std::vector<offset> ends_;
  std::map<std::int64_t, one_record> records_;
  share_state disk_{.start = offset(0)};
  deliveries d_{{}, offset(0)};
  std::int64_t start_ = 0;
  std::int64_t now_ = 0;
};

TEST_CASE("deliveries do what a list of records does") {
  bool went_far = false;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    world w(seed);
    w.run(300);
    went_far |= w.start() > log_end / 2;
  }
  CHECK(went_far);
}

}  // namespace
}  // namespace weir::share
