#include "sim/groups/offset_truth.h"

#include <algorithm>

namespace weir::sim::groups {

void offset_truth::put(const place& at, const commit& what, const std::string& tag,
                       const std::optional<group::transaction_of>& within) {
  ++order_;
  ++commits_;
  tags_.insert(tag);
  if (within) {
    pending_[within->producer][at] = {what, order_};
    return note(at);
  }
  orders_[at] = order_;
  becomes(at, what);
}

void offset_truth::erase(const place& at) {
  for (auto& [producer, places] : pending_) places.erase(at);
  std::erase_if(pending_, [](const auto& p) { return p.second.empty(); });
  orders_.erase(at);
  all_[at].push_back({});
}

void offset_truth::end(producer_id producer, bool commit) {
  const auto found = pending_.find(producer);
  if (found == pending_.end()) return;
  const auto places = std::move(found->second);
  pending_.erase(found);
  for (const auto& [at, w] : places) {
    const auto there = orders_.find(at);
    if (commit && (there == orders_.end() || there->second < w.order)) {
      orders_[at] = w.order;
      becomes(at, w.what);
    } else {
      note(at);
    }
  }
}

// Whoever reads a partition goes on where it was committed last, and nobody else does meanwhile.
// Of a topic that came instead of another one everything is new.
void offset_truth::becomes(const place& at, const commit& what) {
  const auto before = now(at);
  const bool same = before.topic_id == what.topic_id;
  require(what.goes_back || !same || what.offset >= before.offset,
          "the offset of {} goes back from {} to {}", at.str(), before.offset, what.offset);
  all_[at].push_back({what.offset, what.topic_id, is_pending(at)});
}

void offset_truth::note(const place& at) {
  auto same = now(at);
  same.pending = is_pending(at);
  all_[at].push_back(same);
}

bool offset_truth::is_pending(const place& at) const {
  return std::ranges::any_of(pending_, [&](const auto& p) { return p.second.contains(at); });
}

offset_truth::state offset_truth::now(const place& at) const {
  const auto found = all_.find(at);
  return found == all_.end() || found->second.empty() ? state{} : found->second.back();
}

std::size_t offset_truth::version(const place& at) const {
  const auto found = all_.find(at);
  return found == all_.end() ? 0 : found->second.size();
}

std::vector<offset_truth::state> offset_truth::states(const place& at, std::size_t since) const {
  const auto found = all_.find(at);
  std::vector<state> out;
  if (since == 0) out.push_back({});
  if (found == all_.end()) return out;
  for (auto i = since == 0 ? 0 : since - 1; i < found->second.size(); ++i)
    out.push_back(found->second[i]);
  return out;
}

void offset_truth::told(const place& at, const uuid& topic_id, std::size_t since,
                        std::int64_t offset) const {
  const auto was = states(at, since);
  const auto said = [&](const state& s) {
    const bool other = !s.topic_id.is_zero() && s.topic_id != topic_id;
    return offset == (other ? -1 : s.offset);
  };
  require(std::ranges::any_of(was, said),
          "{} of {} is told, and it was {} when that was asked, {} now", offset, at.str(),
          was.front().offset, now(at).offset);
  require(std::ranges::any_of(was, [&](const state& s) { return said(s) && !s.pending; }),
          "{} of {} is told as stable, and a transaction is open there", offset, at.str());
}

}  // namespace weir::sim::groups
