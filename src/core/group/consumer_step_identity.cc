#include <fmt/format.h>

#include "core/group/consumer_regex.h"
#include "core/group/consumer_step.h"

namespace weir::group {
namespace {

using kafka::error_code;

template <typename... Args>
std::unexpected<group_error> no(error_code code, fmt::format_string<Args...> format,
                                Args&&... args) {
  return std::unexpected(group_error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace

consumer_step::result<consumer_step::identity> consumer_step::identify(
    const request& r, const request_context& context) {
  auto id = r.member_id.empty() ? text(context.fresh.str()) : r.member_id;
  const auto* member = state().find(id);
  if (r.member_epoch == joining_epoch && !member && !is_held(r.instance_id) && has_no_room()) {
    return no(error_code::group_max_size_reached,
              "The consumer group has reached its maximum capacity of {} members.",
              scene_.settings.members_max);
  }
  if (r.subscribed_topic_regex && !r.subscribed_topic_regex->empty()) {
    const auto& regex = *r.subscribed_topic_regex;
    const auto known = member && member->metadata.topic_regex == regex;
    if (const auto error = known ? std::nullopt : regex_error(regex)) {
      return no(error_code::invalid_regular_expression,
                "SubscribedTopicRegex `{}` is not a valid regular expression: {}.", regex, *error);
    }
  }
  if (r.instance_id) return identify_static(r, id);
  if (!member && r.member_epoch != joining_epoch) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", id,
              group_.id_);
  }
  if (member && r.member_epoch != joining_epoch) {
    if (const auto ok = check_epoch(r, *member); !ok) return std::unexpected(ok.error());
  }
  return identity{std::move(id), std::nullopt};
}

consumer_step::result<consumer_step::identity> consumer_step::identify_static(const request& r,
                                                                              const text& id) {
  const auto* holder = state().member_of_instance(*r.instance_id);
  const auto* member = holder ? state().find(*holder) : nullptr;
  if (r.member_epoch == joining_epoch) {
    if (!member || *holder == id) return identity{id, std::nullopt};
    // An instance that changes protocols takes over at once, as it would from itself before.
    if (!member->is_away() && !member->metadata.classic && !scene_.broken.takes_instances) {
      return no(error_code::unreleased_instance_id,
                "Static member {} with instance id {} cannot join the group because the instance "
                "id is owned by {} member.",
                id, *r.instance_id, *holder);
    }
    return identity{id, *holder};
  }
  if (!member) {
    return no(error_code::unknown_member_id, "Instance id {} is unknown.", *r.instance_id);
  }
  if (*holder != id) {
    return no(error_code::fenced_instance_id,
              "Static member {} with instance id {} was fenced by member {}.", id, *r.instance_id,
              *holder);
  }
  if (const auto ok = check_epoch(r, *member); !ok) return std::unexpected(ok.error());
  return identity{id, std::nullopt};
}

// The epoch before is good too, of a member that did not hear of the new one: it then has nothing
// that it was not given in the new one.
group_result consumer_step::check_epoch(const request& r, const consumer_member& member) const {
  const auto known = member.current.epoch;
  if (scene_.broken.fences_nobody) return {};
  if (r.member_epoch > known) {
    return no(error_code::fenced_member_epoch,
              "The consumer group member has a greater member epoch ({}) than the one known by the "
              "group coordinator ({}). The member must abandon all its partitions and rejoin.",
              r.member_epoch, known);
  }
  if (r.member_epoch == known) return {};
  bool had_less = r.member_epoch == member.current.previous_epoch && r.topic_partitions;
  if (had_less) {
    topic_partitions owned;
    for (const auto& t : *r.topic_partitions) owned.add(t.topic_id, t.partitions);
    had_less = member.current.assigned.contains_all(owned) || scene_.broken.believes_old_epochs;
  }
  if (had_less) return {};
  return no(error_code::fenced_member_epoch,
            "The consumer group member has a smaller member epoch ({}) than the one known by the "
            "group coordinator ({}). The member must abandon all its partitions and rejoin.",
            r.member_epoch, known);
}

consumer_step::result<text> consumer_step::identify_leaving(const request& r) {
  if (!r.instance_id) {
    if (state().find(r.member_id)) return r.member_id;
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", r.member_id,
              group_.id_);
  }
  const auto* holder = state().member_of_instance(*r.instance_id);
  if (!holder) {
    return no(error_code::unknown_member_id, "Instance id {} is unknown.", *r.instance_id);
  }
  if (*holder != r.member_id) {
    return no(error_code::fenced_instance_id,
              "Static member {} with instance id {} was fenced by member {}.", r.member_id,
              *r.instance_id, *holder);
  }
  return r.member_id;
}

consumer_step::response consumer_step::leave(const request& r) {
  const auto who = identify_leaving(r);
  if (!who) return refused(who.error());
  if (r.member_epoch == static_leaving_epoch) {
    // It keeps its place and its partitions until its session ends: it will be back by then, under
    // another member id. What it was to give up it has given up.
    auto current = state().find(*who)->current;
    current.epoch = static_leaving_epoch;
    current.revoking = {};
    put(current_record{*who, std::move(current)});
    group_.deadlines_.cancel(*who, kind::rebalance);
  } else {
    end({&*who, 1});
  }
  response out;
  out.member_id = r.member_id;
  out.member_epoch = r.member_epoch;
  return out;
}

void consumer_step::end(std::span<const text> member_ids) {
  begin_epoch();
  for (const auto& id : member_ids) {
    const auto regex = state().find(id)->metadata.topic_regex;
    group_.deadlines_.cancel(id);
    if (!scene_.broken.ends_without_tombstone) put(current_record{id, {}});
    if (state().target_of(id)) put(target_record{id, {}});
    if (scene_.broken.ends_in_memory) {
      state().apply(consumer_record(member_record{id, {}}));
    } else {
      put(member_record{id, {}});
    }
    if (!regex.empty()) drop_regex_unless_wanted(regex);
  }
  see_topics(true);
}

void consumer_step::remove_group() {
  std::vector<text> members;
  for (const auto& [id, member] : state().members()) members.push_back(id);
  for (const auto& id : members) {
    group_.deadlines_.cancel(id);
    put(current_record{id, {}});
    if (state().target_of(id)) put(target_record{id, {}});
    put(member_record{id, {}});
  }
  for (const auto& [regex, resolved] : std::map(state().regexes())) put(regex_record{regex, {}});
  for (const auto& [id, target] : std::map(state().targets())) put(target_record{id, {}});
  put(target_epoch_record{});
  put(group_record{});
}

void consumer_step::resolve(const text& regex) {
  auto topics = matching_topics(regex, scene_.topics);
  const auto now = scene_.now.wall.value();
  const auto* before = state().resolved(regex);
  const bool same = before && before->topics == topics;
  if (same && now - before->resolved_at < scene_.settings.regex_refresh_ms) return;
  if (!same) group_.topics_looked_at_ = false;
  const auto version = before ? before->version + 1 : 1;
  put(regex_record{regex, resolved_regex{std::move(topics), version, now}});
}

// After a change of topics, and from time to time: what a member may see can change too.
void consumer_step::resolve_again() {
  const auto& s = scene_.settings;
  const auto since = scene_.now.steady_ms - group_.regexes_resolved_ms_;
  if (since < (group_.regexes_looked_at_ ? s.regex_refresh_ms : s.regex_refresh_ms_min)) return;
  group_.regexes_looked_at_ = true;
  if (state().regexes_wanted().empty()) return;
  group_.regexes_resolved_ms_ = scene_.now.steady_ms;
  for (const auto& [regex, members] : state().regexes_wanted()) resolve(regex);
}

}  // namespace weir::group
