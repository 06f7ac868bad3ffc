#include "sim/groups/oracle.h"

#include <algorithm>

#include "core/codec/prefixed.h"
#include "core/group/consumer_record_bytes.h"
#include "core/group/record_type.h"
#include "core/group/streams_record_bytes.h"

namespace weir::sim::groups {

using kafka::error_code;

oracle::oracle(const plan& rules, const group::topic_view& topics, std::size_t logs)
    : rules_(rules), topics_(topics), folded_(logs, 0) {
  for (std::size_t i = 0; i < logs; ++i)
    folds_.push_back(std::make_unique<group::coordinator>(rules_.settings, topics_));
}

std::string oracle::begin_commit(const claim& by) {
  auto tag = fmt::format("c{}", ++tags_);
  claims_.emplace(tag, by);
  return tag;
}

void oracle::committed(std::size_t log, std::size_t index, const placed& what) {
  require(index == folded_[log], "log {} commits {} after {}", log, index, folded_[log]);
  ++folded_[log];
  for (const auto& r : what.batch.records) read(log, what, r);
  members_.settle();
  streams_.settle();
  if (!what.ends) return;
  folds_[log]->apply_marker(what.ends->producer, what.ends->commit);
  offsets_.end(what.ends->producer, what.ends->commit);
}

void oracle::read(std::size_t log, const placed& what, const group::coordinator_record& r) {
  require(folds_[log]->apply(r.key, r.value, what.batch.transaction).has_value(),
          "a committed record can't be read");
  const auto type = kafka::prefix_of(r.key).value();
  if (type == group::record_type::offset_commit) return read_offset(what, r);
  if (type == group::record_type::group_metadata) {
    const auto key = kafka::decode_prefixed<logged::group_metadata_key>(r.key).value();
    if (!r.value) {
      std::erase_if(soft_, [&](const auto& s) { return std::get<2>(s.first) == key.group.view(); });
      std::erase_if(parts_,
                    [&](const auto& p) { return std::get<0>(p.first) == key.group.view(); });
      stored_.erase(key.group.str());
      ended_[{log, key.group.str()}] = folded_[log];
      return members_.put(key.group.str(), nullptr);
    }
    const auto value = kafka::decode_prefixed<logged::group_metadata_value>(*r.value).value();
    ++generations_;
    members_.put(key.group.str(), &value);
    const auto known = members_.classic(key.group.str())->known;
    stored_[key.group.str()].emplace_back(folded_[log], known);
    return;
  }
  if (group::is_streams_record(type)) return read_streams(r);
  require(group::is_consumer_record(type), "a record of type {}", type);
  const auto record = group::consumer_record_from(r.key, r.value).value();
  if (!record) return;
  if (std::holds_alternative<group::target_epoch_record>(record->record)) ++generations_;
  members_.put(record->group_id.str(), record->record);
}

void oracle::read_streams(const group::coordinator_record& r) {
  const auto record = group::streams_record_from(r.key, r.value).value();
  if (std::holds_alternative<group::target_epoch_record>(record.record)) ++generations_;
  streams_.put(record.group_id.str(), record.record);
}

void oracle::read_offset(const placed& what, const group::coordinator_record& r) {
  const auto key = kafka::decode_prefixed<logged::offset_commit_key>(r.key).value();
  const place at{key.group.str(), key.topic.str(), key.partition};
  if (!r.value) {
    check_tombstone(at, what.why);
    return offsets_.erase(at);
  }
  const auto value = kafka::decode_prefixed<logged::offset_commit_value>(*r.value).value();
  const auto tag = value.metadata.str();
  const auto by = claims_.find(tag);
  require(by != claims_.end(), "{} has a commit of nobody, {}", at.str(), tag);
  if (streams_.find(at.group)) {
    streams_.check(by->second, at.partition);
  } else {
    members_.check(by->second, {by->second.topic_id, at.partition});
  }
  offsets_.put(at, {value.offset, value.topic_id, by->second.goes_back}, tag,
               what.batch.transaction);
}

// What expires nobody reads; what goes by request somebody asked for.
void oracle::check_tombstone(const place& at, cause why) const {
  if (why == cause::topics) return;
  require(why != cause::request || deleted_.contains(at.group),
          "an offset of {} goes, and nobody asked", at.str());
  require(!is_read(at), "an offset of {} goes, and is read", at.str());
}

bool oracle::is_read(const place& at) const {
  if (streams_.find(at.group)) return streams_.is_read(at.group, at.topic);
  return members_.is_read(at.group, at.topic);
}

void oracle::loaded(std::size_t log, std::size_t through, const group::coordinator& state) const {
  if (folded_[log] != through) return;  // somebody else leads by now
  require(state.same_stored(*folds_[log]), "who leads log {} has not what is committed", log);
}

void oracle::appended(std::size_t log, std::int32_t term, const group::request& r) {
  const auto check = [&](const std::string& group, std::int32_t generation) {
    const auto found = soft_.find({log, term, group});
    if (generation < 0 || found == soft_.end() || members_.consumer(group)) return;
    require(generation >= found->second.generation,
            "a commit of generation {} is taken by {}, which was told {}", generation, group,
            found->second.generation);
  };
  if (const auto* c = std::get_if<kafka::offset_commit_request>(&r))
    check(c->group_id.str(), c->generation_id_or_member_epoch);
  if (const auto* c = std::get_if<kafka::txn_offset_commit_request>(&r))
    check(c->group_id.str(), c->generation_id);
}

void oracle::told(std::size_t log, std::int32_t term, std::size_t after, const group::request& r,
                  const group::answer& a) {
  if (const auto* join = std::get_if<kafka::join_group_response>(&a)) {
    const auto& asked = std::get<kafka::join_group_request>(r);
    if (join->error == error_code::none) told_join(log, term, after, asked.group_id.str(), *join);
  } else if (const auto* sync = std::get_if<kafka::sync_group_response>(&a)) {
    const auto& asked = std::get<kafka::sync_group_request>(r);
    if (sync->error == error_code::none) told_part(asked, *sync);
  } else if (const auto* beat = std::get_if<kafka::heartbeat_response>(&a)) {
    const auto& asked = std::get<kafka::heartbeat_request>(r);
    if (beat->error == error_code::none) told_beat(log, term, after, asked);
  } else if (const auto* tasks = std::get_if<kafka::streams_group_heartbeat_response>(&a)) {
    // Nothing has come behind it.
    const bool is_news = tasks->error == error_code::none && folded_[log] == after;
    if (is_news) streams_.told(std::get<kafka::streams_group_heartbeat_request>(r), *tasks);
  }
}

bool oracle::of_former(std::size_t log, const std::string& group, std::size_t after) const {
  const auto end = ended_.find({log, group});
  return end != ended_.end() && after < end->second;
}

std::int32_t oracle::stored(const std::string& group, std::size_t before) const {
  const auto found = stored_.find(group);
  std::int32_t last = 0;
  if (found == stored_.end()) return last;
  for (const auto& [index, generation] : found->second) {
    if (index <= before) last = generation;
  }
  return last;
}

void oracle::told_beat(std::size_t log, std::int32_t term, std::size_t after,
                       const kafka::heartbeat_request& r) {
  const auto group = r.group_id.str();
  if (members_.consumer(group) || of_former(log, group, after)) return;
  const auto found = soft_.find({log, term, group});
  const auto told = found == soft_.end() ? 0 : found->second.generation;
  require(r.generation_id >= std::max(told, stored(group, after)),
          "{} is told that all is well in generation {} of {}, which is in {}", r.member_id,
          r.generation_id, group, std::max(told, stored(group, after)));
}

void oracle::told_join(std::size_t log, std::int32_t term, std::size_t after,
                       const std::string& group, const kafka::join_group_response& a) {
  if (members_.consumer(group) || of_former(log, group, after)) return;
  auto& s = soft_[{log, term, group}];
  require(a.generation_id >= s.generation, "{} is told generation {} after {}", group,
          a.generation_id, s.generation);
  require(a.generation_id >= stored(group, after), "{} is told generation {}, and {} is stored",
          group, a.generation_id, stored(group, after));
  s.generation = a.generation_id;
}

// One generation has one assignment, whoever tells it.
void oracle::told_part(const kafka::sync_group_request& r, const kafka::sync_group_response& a) {
  const auto group = r.group_id.str();
  if (members_.consumer(group)) return;
  const auto [at, fresh] = parts_.try_emplace({group, r.generation_id, r.member_id.str()},
                                              std::string(a.assignment.view()));
  require(at->second == a.assignment.view(), "{} of {} has two assignments in generation {}",
          r.member_id, group, r.generation_id);
}

bool oracle::is_over(const group::request& r) const {
  if (const auto* beat = std::get_if<kafka::consumer_group_heartbeat_request>(&r))
    return members_.refuses(*beat);
  if (const auto* beat = std::get_if<kafka::streams_group_heartbeat_request>(&r))
    return streams_.refuses(*beat);
  if (const auto* c = std::get_if<kafka::offset_commit_request>(&r)) {
    const auto& by = claims_.at(c->topics[0].partitions[0].committed_metadata->str());
    const auto partition = c->topics[0].partitions[0].partition_index;
    return streams_.find(by.group) ? streams_.refuses(by, partition)
                                   : members_.refuses(by, {by.topic_id, partition});
  }
  return false;
}

void oracle::holds(std::uint64_t client, const holder& as, const partition_key& p) {
  const std::pair key(p.topic_id, p.partition);
  const auto* consumers = members_.consumer(as.group);
  // Who was put out, and does not know it yet, may think anything.
  const bool is_told = !consumers || members_.has(as.group, as.member, p);
  for (const auto& [other, has] : holds_) {
    if (!is_told || other == client || has.as.group != as.group || !has.what.contains(key))
      continue;
    if (!consumers) {
      // An instance that started again has put out who it was.
      const auto* g = members_.classic(as.group);
      if (g && g->generation == as.epoch && !g->members.contains(has.as.member)) continue;
      require(!has.as.classic || has.as.epoch != as.epoch,
              "{} and {} both read partition {} in generation {} of {}", has.as.member, as.member,
              p.partition, as.epoch, as.group);
      continue;
    }
    // Who is put out reads on until he hears of it.
    const auto current = consumers->has.find(has.as.member);
    if (current == consumers->has.end()) continue;
    if (has.as.classic && current->second.epoch != has.as.epoch) continue;
    throw violation(fmt::format("{} of {} reads partition {}, which {} has not given up", as.member,
                                as.group, p.partition, has.as.member));
  }
  auto& mine = holds_[client];
  mine.as = as;
  mine.what.insert(key);
}

void oracle::moves_to(std::uint64_t client, std::int32_t epoch) {
  const auto found = holds_.find(client);
  if (found != holds_.end()) found->second.as.epoch = epoch;
}

void oracle::gives_up(std::uint64_t client) {
  holds_.erase(client);
  streams_.gives_up(client);
}

void oracle::gives_up(std::uint64_t client, const partition_key& p) {
  const auto found = holds_.find(client);
  if (found != holds_.end()) found->second.what.erase({p.topic_id, p.partition});
}

}  // namespace weir::sim::groups
