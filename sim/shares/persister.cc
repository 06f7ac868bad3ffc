#include "sim/shares/persister.h"

#include <utility>

#include "sim/shares/state_requests.h"

namespace weir::sim::shares {

using kafka::error_code;

namespace {

constexpr moment pause_first = 5 * ms;

bool comes_later(error_code code) {
  return code == error_code::not_coordinator || code == error_code::coordinator_load_in_progress ||
         code == error_code::coordinator_not_available;
}

}  // namespace

void persister::ask(std::size_t log, const share::request& r, std::uint64_t tag, answered then) {
  ask_once(std::make_shared<question>(
      question{.is = r,
               .log = log,
               .tag = tag,
               .until = around_.events.now() + around_.rules.state_patience,
               .pause = pause_first,
               .life = life_,
               .then = std::move(then)}));
}

void persister::ask_once(const question_ptr& q) {
  if (life_ != q->life) return;
  const auto done = std::make_shared<bool>(false);
  const auto given_up = std::make_shared<bool>(false);
  const bool twice = may_come_twice(q->is);
  const answered then = [this, q, done](const share::answer& a) {
    if (!std::exchange(*done, true)) told(q, a);
  };
  const auto to = all_.find_leader(q->log);
  const bool late = twice && !around_.calm && around_.chance.chance(around_.rules.copies);
  const bool again = twice && !around_.calm && around_.chance.chance(around_.rules.copies);
  const auto some_time = [this] { return around_.chance.between(1, around_.rules.late_max); };
  deliver(to, q, twice ? nullptr : given_up, late ? some_time() : around_.travel(), then);
  if (again) deliver(to, q, nullptr, some_time(), [](const share::answer&) {});
  around_.events.after(around_.rules.call_patience, [q, twice, given_up, then] {
    *given_up = true;
    then(refusal_of(q->is,
                    twice ? error_code::coordinator_not_available : error_code::request_timed_out));
  });
}

void persister::deliver(broker to, const question_ptr& q, const attempt& given_up, moment wait,
                        const answered& then) {
  const bool here = to == on_;
  if (!here && (around_.cut[on_][to] || around_.lost())) return;
  around_.events.after(here ? 1 : wait, [this, to, q, given_up, here, then] {
    if (!all_.log(q->log).up(to) || (given_up && *given_up)) return;
    if (around_.truth.is_of_deleted(q->tag)) return;
    hosts_(q->log, to).ask(q->is, q->tag, [this, to, here, then](const auto& a) {
      if (!a || (!here && (around_.cut[to][on_] || around_.lost()))) return;
      around_.events.after(here ? 1 : around_.travel(), [then, a = *a] { then(a); });
    });
  });
}

void persister::told(const question_ptr& q, const share::answer& a) {
  if (life_ != q->life) return;
  const auto now = around_.events.now();
  if (!comes_later(code_of(a)) || now + q->pause >= q->until) return q->then(a);
  around_.events.after(q->pause, [this, q] { ask_once(q); });
  q->pause *= 2;
}

}  // namespace weir::sim::shares
