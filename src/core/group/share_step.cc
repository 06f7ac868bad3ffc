#include "core/group/share_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/group/consumer_target.h"

namespace weir::group {
namespace {

using kafka::error_code;

template <typename... Args>
std::unexpected<group_error> no(error_code code, fmt::format_string<Args...> format,
                                Args&&... args) {
  return std::unexpected(group_error{code, fmt::format(format, std::forward<Args>(args)...)});
}

share_step::response refused(const group_error& why) {
  share_step::response out;
  out.error = why.code;
  if (!why.message.empty()) out.error_message = text(why.message);
  return out;
}

// Partitions that may be given out are counted from the first on, without a gap.
std::int32_t assignable(const share_partitions& known, const uuid& topic) {
  const auto at = known.initialized.find(topic);
  if (at == known.initialized.end()) return 0;
  std::int32_t n = 0;
  for (const auto p : at->second.partitions) {
    if (p != n) break;
    ++n;
  }
  return n;
}

}  // namespace

group_result share_step::check(const request& r) {
  const auto* member = state().find(r.member_id);
  if (r.member_epoch == joining_epoch) {
    if (!member && state().members().size() >= scene_.settings.members_max) {
      return no(error_code::group_max_size_reached,
                "The share group has reached its maximum capacity of {} members.",
                scene_.settings.members_max);
    }
    if (!member && scene_.closed) return no(error_code::coordinator_load_in_progress, "");
    return {};
  }
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", r.member_id,
              group_.id_);
  }
  const auto& c = member->current;
  if (r.member_epoch < joining_epoch || r.member_epoch == c.epoch) return {};
  if (r.member_epoch > c.epoch) {
    return no(error_code::fenced_member_epoch,
              "The share group member has a greater member epoch ({}) than the one known by the "
              "group coordinator ({}). The member must abandon all its partitions and rejoin.",
              r.member_epoch, c.epoch);
  }
  if (r.member_epoch == c.previous_epoch) return {};
  return no(
      error_code::fenced_member_epoch,
      "The share group member has a smaller member epoch ({}) than the one known by the group "
      "coordinator ({}), and it does not match the previous member epoch ({}). The member must "
      "abandon all its partitions and rejoin.",
      r.member_epoch, c.epoch, c.previous_epoch);
}

share_step::response share_step::heartbeat(const request& r, const request_context& context) {
  if (const auto ok = check(r); !ok) return refused(ok.error());
  response out;
  out.member_id = r.member_id;
  if (r.member_epoch < joining_epoch) {
    end({&r.member_id, 1});
    out.member_epoch = r.member_epoch;
    return out;
  }
  const bool begun = update(r, context);
  see_topics(begun);
  find_unknown();
  const auto& last = state().target();
  const auto since = scene_.now.wall.value() - last.made_at;
  if (last.epoch < state().epoch().epoch &&
      (last.epoch == 0 || since < 0 || since >= scene_.settings.assignment_interval_ms)) {
    share_out();
  }
  const bool news = follow(r.member_id);
  expect_heartbeat(r.member_id);

  const auto& current = state().find(r.member_id)->current;
  out.member_epoch = current.epoch;
  out.heartbeat_interval_ms = scene_.settings.heartbeat_interval_ms;
  if (!news && r.member_epoch != joining_epoch && !r.subscribed_topic_names) return out;
  auto& all = out.assignment.emplace();
  for (const auto& [topic, epochs] : current.assigned.topics()) {
    auto& to = all.topic_partitions.emplace_back();
    to.topic_id = topic;
    for (const auto& [partition, epoch] : epochs) to.partitions.push_back(partition);
  }
  return out;
}

bool share_step::update(const request& r, const request_context& context) {
  const auto* before = state().find(r.member_id);
  auto m = before ? before->metadata : member_metadata{};
  if (r.rack_id) m.rack_id = r.rack_id;
  if (r.subscribed_topic_names) {
    m.topic_names = {r.subscribed_topic_names->begin(), r.subscribed_topic_names->end()};
  }
  m.client_id = context.client_id;
  m.client_host = context.client_host;
  const bool begun = !before || before->metadata.topic_names != m.topic_names;
  const bool changed = !before || before->metadata != m;
  // The epoch first: whatever a crash cuts off behind it is shared out anew.
  if (begun) begin_epoch();
  if (changed) put(member_record{r.member_id, std::move(m)});
  return begun;
}

void share_step::begin_epoch() {
  const auto now = state().epoch();
  put(group_record{group_epoch{now.epoch + 1, now.metadata_hash}});
}

void share_step::see_topics(bool begun) {
  if (!begun && group_.topics_looked_at_) return;
  group_.topics_looked_at_ = true;
  const auto hash = metadata_hash(subscribed_topics(state()), scene_.topics);
  const auto now = state().epoch();
  if (hash == now.metadata_hash) return;
  put(group_record{group_epoch{now.epoch + (begun ? 0 : 1), hash}});
}

void share_step::find_unknown() {
  auto known = group_.partitions_;
  topic_partitions asked;
  const auto since = scene_.now.steady_ms - group_.asked_at_ms_;
  if (since >= scene_.settings.initialize_retry_ms) {
    for (const auto& [id, topic] : known.initializing) asked.add(id, topic.partitions);
    for (const auto& [id, name] : known.deleting) {
      partitions_of(id, name).for_each([&](const partition_key& p) { group_.forget_.add(p); });
    }
    if (!group_.forget_.empty()) group_.asked_at_ms_ = scene_.now.steady_ms;
  }
  bool changed = false;
  for (const auto& [name, members] : state().names_wanted()) {
    const auto topic = scene_.topics.find(name.view());
    if (!topic || known.deleting.contains(topic->id)) continue;
    topic_partitions have;
    for (const auto* in : {&known.initialized, &known.initializing}) {
      if (const auto at = in->find(topic->id); at != in->end()) {
        have.add(topic->id, at->second.partitions);
      }
    }
    topic_partitions::partition_list fresh;
    for (std::int32_t p = 0; p < topic->partitions; ++p) {
      if (!have.contains({topic->id, p})) fresh.push_back(p);
    }
    if (fresh.empty()) continue;
    changed = true;
    asked.add(topic->id, fresh);
    auto& to = known.initializing[topic->id];
    to.name = name;
    to.partitions.insert(to.partitions.end(), fresh.begin(), fresh.end());
    std::ranges::sort(to.partitions);
  }
  if (changed) put(share_partitions_record{std::move(known)});
  if (asked.empty()) return;
  group_.asked_at_ms_ = scene_.now.steady_ms;
  asked.for_each([&](const partition_key& p) { group_.unknown_.add(p); });
}

void share_step::initialized(const topic_partitions& partitions) {
  auto known = group_.partitions_;
  bool changed = false;
  for (const auto& [id, list] : partitions.topics()) {
    const auto from = known.initializing.find(id);
    if (from == known.initializing.end()) continue;
    auto& to = known.initialized[id];
    to.name = from->second.name;
    topic_partitions done;
    done.add(id, to.partitions);
    std::erase_if(from->second.partitions, [&](std::int32_t p) {
      if (!std::ranges::binary_search(list, p)) return false;
      done.add({id, p});
      changed = true;
      return true;
    });
    if (!done.empty()) to.partitions = done.topics().at(id);
    if (to.partitions.empty()) known.initialized.erase(id);
    if (from->second.partitions.empty()) known.initializing.erase(from);
  }
  if (!changed) return;
  begin_epoch();
  put(share_partitions_record{std::move(known)});
}

void share_step::topics_deleted(std::span<const deleted_topic> topics) {
  auto known = group_.partitions_;
  for (const auto& t : topics) {
    known.initializing.erase(t.id);
    known.initialized.erase(t.id);
    known.deleting.erase(t.id);
  }
  if (known != group_.partitions_) put(share_partitions_record{std::move(known)});
}

void share_step::share_out() {
  assignment_input in;
  std::map<text, std::uint32_t> places;
  for (const auto& [name, members] : state().names_wanted()) {
    const auto topic = scene_.topics.find(name.view());
    if (!topic) continue;
    const auto count = std::min(topic->partitions, assignable(group_.partitions_, topic->id));
    places.emplace(name, static_cast<std::uint32_t>(in.topics.size()));
    in.topics.push_back({topic->id, count});
  }
  for (const auto& [id, member] : state().members()) {
    auto& to = in.members.emplace_back();
    to.member_id = id.view();
    to.before = state().target_of(id);
    for (const auto& name : member.metadata.topic_names) {
      if (const auto at = places.find(name); at != places.end()) to.topics.push_back(at->second);
    }
  }
  const auto shares = assign_shared(in, group_.work_);
  std::vector<share_record> records;
  auto share = shares.begin();
  for (const auto& [id, member] : state().members()) {
    const auto* before = state().target_of(id);
    const bool same = before ? *before == *share : share->empty();
    if (!same) records.emplace_back(target_record{id, *share});
    ++share;
  }
  records.emplace_back(
      target_epoch_record{target_epoch{state().epoch().epoch, scene_.now.wall.value()}});
  for (const auto& r : records) put(r);
}

bool share_step::follow(const text& id) {
  const auto& before = state().find(id)->current;
  current_assignment next;
  next.epoch = state().target().epoch;
  next.previous_epoch = next.epoch == before.epoch ? before.previous_epoch : before.epoch;
  if (const auto* target = state().target_of(id)) {
    const auto& names = state().find(id)->metadata.topic_names;
    for (const auto& [topic, list] : target->topics()) {
      const auto name = scene_.topics.name_of(topic);
      if (!name || !names.contains(text::unowned(*name))) continue;
      for (const auto p : list) next.assigned.add({topic, p}, next.epoch);
    }
  }
  const bool news = !next.assigned.same_partitions(before.assigned);
  if (news || next.epoch != before.epoch) put(current_record{id, std::move(next)});
  return news;
}

void share_step::expect_heartbeat(const text& id) {
  const auto& kept = state().members().find(id)->first;  // a request's id shares its memory
  group_.deadlines_.set(kept, consumer_deadlines::kind::session,
                        scene_.now.steady_ms + scene_.settings.session_timeout_ms);
}

void share_step::end(std::span<const text> member_ids) {
  begin_epoch();
  for (const auto& id : member_ids) {
    group_.deadlines_.cancel(id);
    put(current_record{id, {}});
    if (state().target_of(id)) put(target_record{id, {}});
    put(member_record{id, {}});
  }
  see_topics(true);
}

void share_step::remove_group() {
  std::vector<text> members;
  for (const auto& [id, member] : state().members()) members.push_back(id);
  if (!members.empty()) end(members);
  if (group_.partitions_ != share_partitions()) put(share_partitions_record{});
  put(target_epoch_record{});
  put(group_record{});
}

}  // namespace weir::group
