// Offsets and groups that go: by request, or with a topic.
#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

void coordinator::parts::erase_offset(std::string_view group, std::string_view topic,
                                      std::int32_t partition, output& out) {
  const logged::offset_commit_key key{text::copy(group), text::copy(topic), partition};
  if (!broken.expires_unrecorded) out.erase(key);
  offsets.apply(key, nullptr, {});
}

void coordinator::parts::on(const kafka::offset_delete_request& r, const request_context& c,
                            output& out) {
  const auto* g = classic.find(r.group_id);
  const auto* consumer = consumers.find(r.group_id);
  const auto* stream = streams.find(r.group_id);
  const auto check = [&] {
    if (r.group_id.empty()) return error_code::invalid_group_id;
    if (consumer || stream) return error_code::none;
    if (!g) return error_code::group_id_not_found;
    // Of members that are no consumers it isn't known what they want.
    const bool empty = g->state() == classic_state::empty;
    return empty || g->has_consumers() ? error_code::none : error_code::non_empty_group;
  };
  kafka::offset_delete_response a;
  a.error = check();
  if (a.error == error_code::none) {
    for (const auto& t : r.topics) {
      auto& to = a.topics.emplace_back();
      to.name = t.name;
      const bool wanted = consumer ? consumer->is_subscribed(t.name)
                          : stream ? stream->is_subscribed(t.name)
                                   : g->is_subscribed(t.name);
      for (const auto& p : t.partitions) {
        to.partitions.push_back(
            {p.partition_index, wanted ? error_code::group_subscribed_to_topic : error_code::none});
        if (wanted) continue;
        if (offsets.find(r.group_id, t.name, p.partition_index) ||
            offsets.is_pending(r.group_id, t.name, p.partition_index)) {
          erase_offset(r.group_id, t.name, p.partition_index, out);
        }
      }
    }
    offsets_changed(r.group_id);
  }
  out.answer_to(c.ticket, std::move(a));
}

error_code coordinator::parts::delete_group(std::string_view id, moment now, output& out) {
  const auto* g = classic.find(id);
  const auto* consumer = consumers.find(text::unowned(id));
  const auto* stream = streams.find(text::unowned(id));
  if (const auto* share = shares.find(text::unowned(id))) {
    if (!share->empty()) return error_code::non_empty_group;
    shares.remove(text::unowned(id), now, out);
    return error_code::none;
  }
  if (!g && !consumer && !stream) return error_code::group_id_not_found;
  const bool empty = consumer ? consumer->empty()
                     : stream ? stream->empty()
                              : g->state() == classic_state::empty;
  if (!empty && !broken.deletes_with_members) {
    return error_code::non_empty_group;
  }
  for (const auto& [topic, partition] : offsets.places(id)) {
    erase_offset(id, topic, partition, out);
  }
  if (consumer) {
    consumers.remove(text::unowned(id), now, out);
  } else if (stream) {
    streams.remove(text::unowned(id), now, out);
  } else {
    classic.remove(id, out);
  }
  offsets_changed(id);
  return error_code::none;
}

void coordinator::parts::on(const kafka::delete_groups_request& r, const request_context& c,
                            output& out) {
  kafka::delete_groups_response a;
  a.results.reserve(r.groups_names.size());
  for (const auto& id : r.groups_names) {
    a.results.push_back({id, delete_group(id, c.now, out)});
  }
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::delete_topics(std::span<const deleted_topic> gone, output& out) {
  consumers.topics_changed();
  shares.topics_changed();
  streams.topics_changed();
  std::vector<std::string> groups;
  for (const auto& [group, topics_of_it] : offsets.groups()) groups.push_back(group);
  for (const auto& group : groups) {
    bool changed = false;
    for (const auto& topic : gone) {
      const auto* all = offsets.find(group);
      if (!all) break;
      const auto of = all->find(topic.name);
      if (of == all->end()) continue;
      std::vector<std::int32_t> partitions;
      for (const auto& [partition, o] : of->second) {
        // It may be there again already, and have offsets of its own.
        if (o.topic_id.is_zero() || o.topic_id == topic.id) partitions.push_back(partition);
      }
      for (const auto p : partitions) erase_offset(group, topic.name, p, out);
      changed = changed || !partitions.empty();
    }
    if (changed) offsets_changed(group);
  }
}

}  // namespace weir::group
