#include "core/telemetry/metric_board.h"

#include <algorithm>

namespace weir::telemetry {
namespace {

using window = metric_board::figures::window;

// Of both windows that count now.
window together(const metric_board::figures& f, metric_board::time now) {
  const auto age = now - f.began;
  if (age >= 2 * metric_board::window) return {};
  if (age >= metric_board::window || f.before.points == 0) return f.current;
  if (f.current.points == 0) return f.before;
  return {.points = f.current.points + f.before.points,
          .sum = f.current.sum + f.before.sum,
          .largest = std::max(f.current.largest, f.before.largest)};
}

void turn(metric_board::figures& f, metric_board::time now) {
  const auto age = now - f.began;
  if (age < metric_board::window) return;
  f.before = age < 2 * metric_board::window ? f.current : window{};
  f.current = {};
  f.began = now;
}

}  // namespace

double metric_board::figures::mean(time now) const {
  const auto both = together(*this, now);
  return both.points == 0 ? 0 : both.sum / static_cast<double>(both.points);
}

double metric_board::figures::largest(time now) const {
  return together(*this, now).largest;
}

bool metric_board::make_room(time now) {
  const auto quiet = std::ranges::find_if(
      all_, [now](const auto& f) { return now - f.second.began >= 2 * window; });
  if (quiet == all_.end()) return false;
  forgotten_ = quiet->first;
  all_.erase(quiet);
  return true;
}

metric_board::figures* metric_board::add(const metric& m, time now) {
  auto at = all_.find(m.name);
  if (at == all_.end()) {
    if (all_.size() >= names_max_ && !make_room(now)) {
      ++left_out_;
      return nullptr;
    }
    at = all_.emplace(m.name, figures{.began = now}).first;
  }
  auto& f = at->second;
  ++f.pushes;
  turn(f, now);
  if (m.kind == metric_kind::increase) {
    f.increased += std::max(m.sum, 0.0);
    return &f;
  }
  auto& w = f.current;
  w.largest = w.points == 0 ? m.largest : std::max(w.largest, m.largest);
  w.sum += m.sum;
  w.points += m.points;
  return &f;
}

}  // namespace weir::telemetry
