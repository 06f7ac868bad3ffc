// What a member of a streams group hears beside its tasks: why there are none yet, what is wrong
// with the application's topics, and that it is to stop.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

#include "core/group/streams_step.h"

namespace weir::group {
namespace {

void note(const streams_note& what, kafka::streams_group_heartbeat_response& to) {
  if (!to.status) to.status.emplace();
  to.status->push_back({static_cast<std::int8_t>(what.status), text(what.detail)});
}

// Why the first three of those that failed did, and how many more there are.
std::string some_failures(const std::vector<internal_topic>& missing,
                          const std::map<text, std::string>& failures) {
  constexpr std::size_t named = 3;
  std::vector<std::string> out;
  for (const auto& t : missing) {
    const auto why = failures.find(t.name);
    if (why != failures.end()) out.push_back(fmt::format("{} ({})", t.name, why->second));
  }
  if (out.size() <= named) return fmt::format("{}", fmt::join(out, ", "));
  const auto more = out.size() - named;
  out.resize(named);
  return fmt::format("{} and {} more", fmt::join(out, ", "), more);
}

}  // namespace

void streams_step::tell_trouble(const std::optional<streams_note>& delayed, response& to) {
  if (delayed) note(*delayed, to);
  if (auto trouble = group_.configured_->trouble) {
    if (const auto why = some_failures(group_.configured_->missing, group_.failures_);
        !why.empty()) {
      trouble->detail += fmt::format("; Creation failed: {}.", why);
    }
    note(*trouble, to);
  }
  if (!group_.stopped_by_) return;
  note({streams_status::shutdown_application,
        fmt::format("Streams group member {} encountered a fatal error and requested a shutdown "
                    "for the entire application.",
                    *group_.stopped_by_)},
       to);
}

void streams_step::ask_for_missing() {
  const auto& missing = group_.configured_->missing;
  const auto since = scene_.now.steady_ms - group_.asked_at_ms_;
  if (missing.empty() || since < scene_.settings.heartbeat_interval_ms) return;
  if (scene_.broken.asks_once_for_topics && group_.asked_at_ms_ > 0) return;
  group_.asked_at_ms_ = scene_.now.steady_ms;
  group_.missing_ = missing;
}

}  // namespace weir::group
