#pragma once
// Which coordinators there are: those of share groups' states, and that of the groups themselves.
#include <functional>
#include <memory>

#include "core/group/coordinator.h"
#include "core/share/coordinator.h"
#include "sim/shares/oracle.h"

namespace weir::sim::shares {

class state_kind {
 public:
  using core = share::share_coordinator;
  using request = share::request;
  using answer = share::answer;
  struct more {};

  state_kind(surroundings& around, const topics& known) : around_(around), known_(known) {}

  [[nodiscard]] std::unique_ptr<core> make() const {
    return std::make_unique<core>(around_.rules.states, around_.rules.broken);
  }
  static bool apply(core& c, const group::coordinator_record& r) {
    return c.apply(r.key, r.value).has_value();
  }
  static share::effects loaded(core& c, group::moment) {
    c.loaded();
    return {};
  }
  share::effects step(core& c, const request& r, group::ticket ticket, group::moment now) const;
  static share::effects tick(core&, group::moment) { return {}; }
  static std::optional<std::int64_t> next_deadline(const core&) { return std::nullopt; }
  static more take_more(core&) { return {}; }
  static void released(std::size_t, broker, const more&) {}
  static bool same(const core& a, const core& b) { return a.all() == b.all(); }
  void is_what_is_committed(std::size_t log, std::size_t size, const core& c) const {
    around_.truth.loaded(log - 1, size, c);  // the first log is that of groups
  }
  static answer refusal(const request& r, kafka::error_code why);

 private:
  surroundings& around_;
  const topics& known_;
};

class group_kind {
 public:
  using core = group::coordinator;
  using request = group::request;
  using answer = group::answer;
  using more = std::vector<group::share_initialization>;
  // What a step wants of the share coordinators, once it is committed.
  using carry_out = std::function<void(broker, const group::share_initialization&)>;

  group_kind(surroundings& around, const topics& known, group::group_settings settings,
             carry_out wanted)
      : around_(around),
        known_(known),
        settings_(std::move(settings)),
        carry_out_(std::move(wanted)) {}

  [[nodiscard]] std::unique_ptr<core> make() const {
    return std::make_unique<core>(settings_, known_);
  }
  static bool apply(core& c, const group::coordinator_record& r) {
    return c.apply(r.key, r.value, std::nullopt).has_value();
  }
  static group::emitted<answer> loaded(core& c, group::moment now) { return c.loaded(now); }
  group::emitted<answer> step(core& c, const request& r, group::ticket ticket,
                              group::moment now) const;
  static group::emitted<answer> tick(core& c, group::moment now) { return c.tick(now); }
  static std::optional<std::int64_t> next_deadline(const core& c) { return c.next_deadline(); }
  static more take_more(core& c) { return c.take_share_initializations(); }
  void released(std::size_t, broker on, const more& wanted) const {
    for (const auto& w : wanted) carry_out_(on, w);
  }
  static bool same(const core& a, const core& b) { return a.same_stored(b); }
  static void is_what_is_committed(std::size_t, std::size_t, const core&) {}
  static answer refusal(const request& r, kafka::error_code why) {
    return group::refusal(r, version, why);
  }
  static constexpr std::int16_t version = 1;

 private:
  surroundings& around_;
  const topics& known_;
  group::group_settings settings_;
  carry_out carry_out_;
};

}  // namespace weir::sim::shares
