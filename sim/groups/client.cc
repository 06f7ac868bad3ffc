#include "sim/groups/client.h"

#include <algorithm>
#include <utility>

namespace weir::sim::groups {

using kafka::error_code;

void client::vanish() {
  over_ = true;
  around_.truth.gives_up(is_.number);
  around_.note("{} is gone", str());
}

std::string client::str() const {
  return fmt::format("client {} ({} of {})", is_.number, member_id_, is_.group);
}

std::set<reading> client::reads() const {
  std::set<reading> out;
  for (const auto& [p, at] : at_) {
    if (const auto name = how_.known->name_of(p.topic_id)) out.insert({*name, p.partition});
  }
  return out;
}

void client::next() {
  const auto turn = ++turn_;
  around_.events.after(around_.chance.between(1, around_.rules.turn_max), [this, turn] {
    if (!over_ && turn == turn_) act();
  });
}

bool client::is_passing(error_code why) {
  if (why != error_code::not_coordinator && why != error_code::coordinator_load_in_progress)
    return false;
  look_elsewhere();
  return true;
}

void client::pause(moment session) {
  const auto turn = ++turn_;
  around_.note("{} pauses", str());
  around_.events.after(around_.chance.between(session / 2, 3 * session), [this, turn] {
    if (over_ || turn != turn_) return;
    at_.empty() ? act() : commit();
  });
}

place client::place_of(const partition_key& p) const {
  return {is_.group, how_.known->name_of(p.topic_id).value_or("gone"), p.partition};
}

claim client::claim_now(const partition_key& p, bool transactional, bool goes_back) const {
  return {.group = is_.group,
          .member = member_id_,
          .epoch = epoch_,
          .classic = is_classic(),
          .transactional = transactional,
          .goes_back = goes_back || is_outside(),
          .topic = place_of(p).topic,
          .topic_id = p.topic_id};
}

void client::give_up(const partition_key& p) {
  at_.erase(p);
  going_back_.erase({p.topic_id, p.partition});
  around_.truth.gives_up(is_.number, p);
}

void client::give_up_all() {
  at_.clear();
  going_back_.clear();
  around_.truth.gives_up(is_.number);
}

void client::take(const std::vector<partition_key>& partitions) {
  for (const auto& p : partitions) {
    if (!how_.known->name_of(p.topic_id)) continue;
    around_.truth.holds(is_.number, {is_.group, member_id_, epoch_, is_classic()}, p);
    at_.emplace(p, -1);
  }
}

bool client::fetch() {
  kafka::offset_fetch_request r;
  r.require_stable = true;
  auto& g = r.groups.emplace_back();
  g.group_id = text::copy(is_.group);
  if (!is_classic() && !is_outside()) {
    g.member_id = text::copy(member_id_);
    g.member_epoch = epoch_;
  }
  g.topics.emplace();
  std::vector<partition_key> asked;
  std::vector<std::size_t> since;
  for (const auto& [p, to] : at_) {
    if (to >= 0 || !how_.known->name_of(p.topic_id)) continue;
    const auto at = place_of(p);
    auto& t = g.topics->emplace_back();
    t.name = text::copy(at.topic);
    t.topic_id = p.topic_id;
    t.partition_indexes.push_back(p.partition);
    asked.push_back(p);
    since.push_back(around_.truth.offsets().version(at));
  }
  if (asked.empty()) return false;
  ask<kafka::offset_fetch_response>(
      r, 9, around_.rules.patience,
      [this, asked, since](const auto& a) { on_fetched(a, asked, since); }, [this] { next(); });
  return true;
}

void client::on_fetched(const kafka::offset_fetch_response& a,
                        const std::vector<partition_key>& asked,
                        const std::vector<std::size_t>& since) {
  const auto& g = a.groups[0];
  if (is_passing(g.error)) return next();
  if (g.error != error_code::none) return heed(g.error);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& p = g.topics[i].partitions[0];
    if (p.error != error_code::none) {
      require(is_passing(p.error) || p.error == error_code::unstable_offset_commit,
              "an offset is answered with {}", to_string(p.error));
      continue;
    }
    const auto at = place_of(asked[i]);
    // Of a topic that has been replaced, it is another one's.
    if (at.topic == "gone") continue;
    around_.truth.offsets().told(at, asked[i].topic_id, since[i], p.committed_offset);
    around_.note("{} begins with {} at {}", str(), at.str(), p.committed_offset);
    if (const auto mine = at_.find(asked[i]); mine != at_.end())
      mine->second = std::max<std::int64_t>(p.committed_offset, 0);
  }
  next();
}

void client::commit() {
  // Whether it may still do so is for others to say.
  if (unfinished_) return end_transaction(unfinished_->of, unfinished_->before, true);
  if (is_.transactional && around_.calm) return next();
  std::vector<partition_key> mine;
  for (const auto& [p, at] : at_) {
    if (at >= 0 && how_.known->name_of(p.topic_id)) mine.push_back(p);
  }
  if (mine.empty()) return next();
  const auto p = around_.chance.pick(mine);
  const auto before = at_[p];
  if (is_.transactional) return commit_within(p, before + around_.chance.between(1, 9));
  if (around_.calm || !around_.chance.chance(around_.rules.resets)) {
    at_[p] = before + around_.chance.between(1, 9);
    return commit_plain(p, at_[p], going_back_.contains({p.topic_id, p.partition}));
  }
  at_[p] = around_.chance.between(0, before);
  going_back_.emplace(p.topic_id, p.partition);
  commit_plain(p, at_[p], true);
}

void client::commit_plain(const partition_key& p, std::int64_t to, bool goes_back) {
  kafka::offset_commit_request r;
  const auto at = place_of(p);
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  r.generation_id_or_member_epoch = epoch_;
  if (is_.instance) r.group_instance_id = text::copy(*is_.instance);
  const auto tag = around_.truth.begin_commit(claim_now(p, false, goes_back));
  auto& t = r.topics.emplace_back();
  t.name = text::copy(at.topic);
  t.topic_id = p.topic_id;
  t.partitions.push_back({p.partition, to, 1, text::copy(tag)});
  if (!around_.calm)
    around_.note("{} commits {} {} as {}, epoch {}", str(), at.str(), to, tag, epoch_);
  ask<kafka::offset_commit_response>(
      r, is_classic() ? 8 : 9, around_.rules.patience,
      [this, p, tag](const auto& a) {
        const auto why = a.topics[0].partitions[0].error;
        if (why == error_code::none) {
          around_.truth.offsets().told_committed(tag);
          going_back_.erase({p.topic_id, p.partition});
          return next();
        }
        around_.note("{}: commit {} is refused: {}", str(), tag, to_string(why));
        is_passing(why) ? next() : heed(why);
      },
      [this] { next(); });
}

void client::commit_within(const partition_key& p, std::int64_t to) {
  const producer_id producer(static_cast<std::int64_t>(is_.number));
  const auto before = at_[p];
  const auto epoch = how_.within->begin(is_.group, producer);
  kafka::txn_offset_commit_request r;
  const auto at = place_of(p);
  r.transactional_id = text(fmt::format("tx{}", is_.number));
  r.group_id = text::copy(is_.group);
  r.producer_id = producer.value();
  r.producer_epoch = epoch.value();
  r.generation_id = epoch_;
  r.member_id = text::copy(member_id_);
  if (is_.instance) r.group_instance_id = text::copy(*is_.instance);
  const auto tag = around_.truth.begin_commit(claim_now(p, true, false));
  auto& t = r.topics.emplace_back();
  t.name = text::copy(at.topic);
  t.partitions.push_back({p.partition, to, 1, text::copy(tag)});
  around_.note("{} commits {} {} as {} in its transaction {}", str(), at.str(), to, tag, epoch);
  ask<kafka::txn_offset_commit_response>(
      r, 5, around_.rules.patience,
      [this, p, before, to](const auto& a) {
        const auto why = a.topics[0].partitions[0].error;
        const bool stored = why == error_code::none;
        if (stored && at_.contains(p)) at_[p] = to;
        if (!stored) around_.note("{}: refused: {}", str(), to_string(why));
        // A long pause: somebody else ends it.
        if (stored && around_.chance.chance(around_.rules.pauses)) {
          unfinished_ = {p, before};
          return pause(second);
        }
        end_transaction(p, before, stored && !around_.chance.chance(around_.rules.aborts));
      },
      [this, p, before] { end_transaction(p, before, false); }, true);
}

// The next one begins when this one has ended.
void client::end_transaction(const partition_key& p, std::int64_t before, bool commit) {
  const producer_id producer(static_cast<std::int64_t>(is_.number));
  unfinished_.reset();
  how_.within->end(producer, commit, [this, p, before](bool committed) {
    if (over_) return;
    if (!committed && at_.contains(p)) at_[p] = before;
    next();
  });
}

}  // namespace weir::sim::groups
