// Who is a member of a streams group, and how members go.
#include <fmt/format.h>

#include "core/group/streams_step.h"

namespace weir::group {
namespace {

using kafka::error_code;

template <typename... Args>
std::unexpected<group_error> no(error_code code, fmt::format_string<Args...> format,
                                Args&&... args) {
  return std::unexpected(group_error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace

group_result streams_step::identify(const request& r) {
  const auto* member = state().find(r.member_id);
  if (r.member_epoch == joining_epoch) {
    if (member || state().members().size() < scene_.settings.members_max) return {};
    return no(error_code::group_max_size_reached,
              "The streams group has reached its maximum capacity of {} members.",
              scene_.settings.members_max);
  }
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", r.member_id,
              group_.id_);
  }
  return check_epoch(r, *member);
}

// The epoch before is good too, of a member that did not hear of the new one: it then has nothing
// that it was not given in the new one.
group_result streams_step::check_epoch(const request& r, const streams_member& member) const {
  if (scene_.broken.fences_no_streams) return {};
  const auto known = member.current.epoch;
  if (r.member_epoch > known) {
    return no(error_code::fenced_member_epoch,
              "The streams group member has a greater member epoch ({}) than the one known by the "
              "group coordinator ({}). The member must abandon all its partitions and rejoin.",
              r.member_epoch, known);
  }
  if (r.member_epoch == known) return {};
  if (r.member_epoch == member.current.previous_epoch && r.active_tasks) {
    task_set owned;
    add_tasks(*r.active_tasks, task_role::active, owned);
    add_tasks(*r.standby_tasks, task_role::standby, owned);
    add_tasks(*r.warmup_tasks, task_role::warmup, owned);
    if (member.current.assigned.contains_all(owned) || scene_.broken.believes_old_streams) {
      return {};
    }
  }
  return no(error_code::fenced_member_epoch,
            "The streams group member has a smaller member epoch ({}) than the one known by the "
            "group coordinator ({}). The member must abandon all its partitions and rejoin.",
            r.member_epoch, known);
}

streams_step::response streams_step::leave(const request& r) {
  response out;
  if (!state().find(r.member_id)) {
    out.error = error_code::unknown_member_id;
    out.error_message =
        text(fmt::format("Member {} is not a member of group {}.", r.member_id, group_.id_));
    return out;
  }
  if (r.shutdown_application) group_.stopped_by_ = text::copy(r.member_id.view());
  end({&r.member_id, 1});
  out.member_id = r.member_id;
  out.member_epoch = r.member_epoch;
  return out;
}

void streams_step::end(std::span<const text> member_ids) {
  begin_epoch();
  for (const auto& id : member_ids) {
    group_.deadlines_.cancel(id);
    put(streams_current_record{id, {}});
    if (state().target_of(id)) put(streams_target_record{id, {}});
    if (scene_.broken.ends_streams_in_memory) {
      state().apply(streams_record(streams_member_record{id, {}}));
    } else {
      put(streams_member_record{id, {}});
    }
  }
  if (group_.empty()) group_.stopped_by_.reset();
}

void streams_step::remove_group() {
  std::vector<text> members;
  members.reserve(state().members().size());
  for (const auto& [id, member] : state().members()) members.push_back(id);
  for (const auto& id : members) {
    group_.deadlines_.cancel(id);
    put(streams_current_record{id, {}});
    put(streams_member_record{id, {}});
  }
  for (const auto& [id, target] : std::map(state().targets())) put(streams_target_record{id, {}});
  put(target_epoch_record{});
  put(streams_topology_record{});
  put(streams_group_record{});
}

}  // namespace weir::group
