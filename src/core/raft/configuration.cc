#include "core/raft/configuration.h"

#include "core/base/check.h"
#include "core/base/endian.h"

namespace weir::raft {
namespace {

constexpr char version = 1;

bool among(const std::vector<node_id>& set, node_id node) {
  return std::ranges::binary_search(set, node);
}

void sort_once(std::vector<node_id>& set) {
  std::ranges::sort(set);
  const auto repeats = std::ranges::unique(set);
  set.erase(repeats.begin(), repeats.end());
}

}  // namespace

bool configuration::is_voter(node_id node) const {
  return among(voters, node) || among(old_voters, node);
}

bool configuration::is_member(node_id node) const {
  return is_voter(node) || among(learners, node);
}

std::vector<node_id> configuration::members() const {
  auto out = voters;
  out.insert(out.end(), old_voters.begin(), old_voters.end());
  out.insert(out.end(), learners.begin(), learners.end());
  sort_once(out);
  return out;
}

configuration normal(configuration from) {
  sort_once(from.voters);
  sort_once(from.old_voters);
  sort_once(from.learners);
  std::erase_if(from.learners, [&](node_id node) { return among(from.voters, node); });
  return from;
}

configuration left_joint(const configuration& from) {
  return normal({.voters = from.voters, .learners = from.learners});
}

configuration_history::configuration_history(placed_configuration base,
                                             std::vector<placed_configuration> placed) {
  all_.push_back(std::move(base));
  for (auto& next : placed) {
    weir_check(next.index > all_.back().index, "configuration at {} behind {}", next.index,
               all_.back().index);
    all_.push_back(std::move(next));
  }
}

const configuration& configuration_history::at(log_index index) const {
  const auto after = std::ranges::upper_bound(all_, index, {}, &placed_configuration::index);
  return after == all_.begin() ? all_.front().members : std::prev(after)->members;
}

bool configuration_history::is_voter_since(log_index index, node_id node) const {
  for (auto c = all_.rbegin(); c != all_.rend(); ++c) {
    if (c->members.is_voter(node)) return true;
    if (c->index <= index) break;
  }
  return false;
}

void configuration_history::truncate_after(log_index index) {
  while (all_.size() > 1 && all_.back().index > index) all_.pop_back();
}

void configuration_history::trim(log_index through) {
  const auto after = std::ranges::upper_bound(all_, through, {}, &placed_configuration::index);
  if (after == all_.begin()) return;
  all_.erase(all_.begin(), std::prev(after));
}

std::string encode(const configuration& c) {
  std::string out(4, '\0');
  out[0] = version;
  std::size_t at = 1;
  for (const auto* set : {&c.voters, &c.old_voters, &c.learners}) {
    weir_check(set->size() <= configuration::members_max, "{} members", set->size());
    out[at++] = static_cast<char>(set->size());
    for (const auto node : *set) {
      out.resize(out.size() + sizeof(std::int32_t));
      store_le(out.data() + out.size() - sizeof(std::int32_t), node.value());
    }
  }
  return out;
}

std::expected<configuration, configuration_error> decode_configuration(std::string_view body) {
  const auto malformed = std::unexpected(configuration_error::malformed);
  if (body.size() < 4) return malformed;
  if (body[0] > version) return std::unexpected(configuration_error::newer_version);
  if (body[0] != version) return malformed;
  configuration out;
  std::size_t at = 4;
  std::size_t which = 1;
  for (auto* set : {&out.voters, &out.old_voters, &out.learners}) {
    const std::size_t count = static_cast<unsigned char>(body[which++]);
    if (count > configuration::members_max) return malformed;
    if (body.size() - at < count * sizeof(std::int32_t)) return malformed;
    for (std::size_t i = 0; i < count; ++i, at += sizeof(std::int32_t)) {
      set->emplace_back(load_le<std::int32_t>(body.data() + at));
    }
  }
  if (at != body.size() || out.voters.empty() || normal(out) != out) return malformed;
  return out;
}

}  // namespace weir::raft
