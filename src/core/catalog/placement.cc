#include "core/catalog/placement.h"

#include <algorithm>
#include <limits>

namespace weir::catalog {
namespace {

using replica_span = std::span<const node_id>;

bool has(replica_span list, node_id node) {
  return std::ranges::find(list, node) != list.end();
}

// Those of `from` that are neither in `but` nor in `to` yet, behind what `to` has.
void add_missing(replica_list& to, replica_span from, replica_span but = {}) {
  for (const auto node : from) {
    if (!has(but, node) && !has(to, node)) to.push_back(node);
  }
}

}  // namespace

bool well_formed(std::span<const node_id> replicas) {
  if (replicas.empty() || replicas.size() > replicas_max) return false;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (has(replicas.first(i), replicas[i])) return false;
  }
  return true;
}

placement::placement(replica_list replicas, replica_list target, replica_list leaving,
                     std::int32_t version, bool moved)
    : replicas_(std::move(replicas)), version_(version), moved_(moved) {
  replan(std::move(target), std::move(leaving));
}

std::span<const node_id> placement::target() const {
  return plan_ ? replica_span(plan_->target) : replica_span();
}

std::span<const node_id> placement::leaving() const {
  return plan_ ? replica_span(plan_->leaving) : replica_span();
}

bool placement::names(node_id node) const {
  return has(replicas_, node) || has(target(), node) || has(leaving(), node);
}

replica_list placement::named() const {
  auto out = replicas_;
  add_missing(out, target());
  add_missing(out, leaving());
  return out;
}

replica_list placement::assigned() const {
  replica_list out(target().begin(), target().end());
  add_missing(out, replicas_);
  return out;
}

replica_list placement::adding() const {
  replica_list out;
  add_missing(out, target(), replicas_);
  return out;
}

replica_list placement::removing() const {
  replica_list out;
  if (reassigning()) add_missing(out, replicas_, target());
  return out;
}

std::optional<std::int32_t> placement::shard_on(node_id node) const {
  const auto at = std::ranges::find(seats_, node, &seat::node);
  return at == seats_.end() ? std::nullopt : std::optional(at->shard);
}

void placement::take_seat(node_id node, std::int32_t shard) {
  leave_seat(node);
  seats_.push_back({node, shard});
}

void placement::leave_seat(node_id node) {
  const auto at = std::ranges::find(seats_, node, &seat::node);
  if (at != seats_.end()) seats_.erase(at);
}

bool placement::has_room_for(std::span<const node_id> target) const {
  auto all = named();
  add_missing(all, target);
  return all.size() <= replicas_max;
}

void placement::begin(replica_list target) {
  give_up_target(target);
  if (std::ranges::is_permutation(target, replicas_)) {
    replicas_ = std::move(target);
  } else {
    const auto left = leaving();
    replan(std::move(target), replica_list(left.begin(), left.end()));
  }
}

void placement::cancel() {
  give_up_target({});
}

void placement::finish() {
  if (reassigning()) {
    replicas_ = std::move(plan_->target);
    moved_ = true;
  }
  plan_.reset();
  version_ = version_ == std::numeric_limits<std::int32_t>::max() ? 0 : version_ + 1;
}

// Afterwards there is no target; who was in the old one, and is neither a replica nor in the next
// one, leaves.
void placement::give_up_target(std::span<const node_id> next) {
  replica_list kept = replicas_;
  add_missing(kept, next);
  replica_list leave;
  add_missing(leave, leaving(), kept);
  add_missing(leave, target(), kept);
  replan({}, std::move(leave));
  version_ = version_ == std::numeric_limits<std::int32_t>::max() ? 0 : version_ + 1;
}

void placement::replan(replica_list target, replica_list leaving) {
  if (target.empty() && leaving.empty()) {
    plan_.reset();
  } else {
    plan_ = std::make_unique<plan>(plan{std::move(target), std::move(leaving)});
  }
}

bool operator==(const placement& a, const placement& b) {
  return a.replicas_ == b.replicas_ && a.version_ == b.version_ && a.moved_ == b.moved_ &&
         a.seats_ == b.seats_ && (a.plan_ && b.plan_ ? *a.plan_ == *b.plan_ : !a.plan_ && !b.plan_);
}

}  // namespace weir::catalog
