// Groups of the consumer protocol inside the coordinator: which of the two kinds of groups a
// request is for, when one becomes the other, and what offsets have to do with it.
#include <fmt/format.h>

#include "core/group/consumer_migration.h"
#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

namespace {

text group_of(std::string_view id) {
  return text::unowned(id);
}

}  // namespace

void coordinator::parts::on(const kafka::consumer_group_heartbeat_request& r,
                            const request_context& c, output& out) {
  const auto* g = consumers.find(r.group_id) ? nullptr : classic.find(r.group_id);
  if (shares.find(r.group_id) || streams.find(r.group_id)) {
    auto a = std::get<kafka::consumer_group_heartbeat_response>(
        refusal(r, c.api_version, error_code::group_id_not_found));
    a.error_message = text(fmt::format("Group {} is not a consumer group.", r.group_id));
    out.answer_to(c.ticket, std::move(a));
    return;
  }
  if (g) {
    const auto release = [&] { classic.release(r.group_id, out); };
    out.answer_to(c.ticket, consumers.heartbeat(r, c, *g, release, out));
  } else {
    out.answer_to(c.ticket, consumers.heartbeat(r, c, out));
  }
  migrate_back(c.now, out);
}

void coordinator::parts::on(const kafka::consumer_group_describe_request& r,
                            const request_context& c, output& out) {
  auto a = consumers.describe(r);
  for (auto& g : a.groups) {
    if (g.error == error_code::none) continue;
    if (!classic.find(g.group_id) && !shares.find(g.group_id) && !streams.find(g.group_id)) {
      continue;
    }
    g.error_message = text(fmt::format("Group {} is not a consumer group.", g.group_id));
  }
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::join_group_request& r, const request_context& c,
                            output& out) {
  const auto refuse = [&](error_code why) {
    out.answer_to(c.ticket, join_refusal(c.api_version, why, r.member_id));
  };
  if (shares.find(r.group_id)) return refuse(error_code::inconsistent_group_protocol);
  if (const auto* s = streams.find(r.group_id)) {
    if (!s->empty()) return refuse(error_code::inconsistent_group_protocol);
    // Nobody is in it: whoever comes decides what it is.
    if (!r.member_id.empty()) return refuse(error_code::unknown_member_id);
    streams.remove(r.group_id, c.now, out);
    offsets_changed(r.group_id);
    return classic.join(r, c, out);
  }
  const auto* g = consumers.find(r.group_id);
  if (!g) return classic.join(r, c, out);
  if (r.session_timeout_ms < settings.session_timeout_ms_min ||
      r.session_timeout_ms > settings.session_timeout_ms_max) {
    return refuse(error_code::invalid_session_timeout);
  }
  if (g->empty()) {
    // Nobody is in it: whoever comes decides what it is.
    if (!r.member_id.empty()) return refuse(error_code::unknown_member_id);
    consumers.remove(r.group_id, c.now, out);
    offsets_changed(r.group_id);
    return classic.join(r, c, out);
  }
  if (settings.consumer_of(r.group_id.view()).migration == migration_policy::disabled) {
    return refuse(error_code::inconsistent_group_protocol);
  }
  consumers.change(r.group_id, c.now, out, [&](consumer_group& to, const consumer_scene& scene) {
    out.answer_to(c.ticket, to.join(r, c, scene));
  });
  migrate_back(c.now, out);
}

void coordinator::parts::on(const kafka::sync_group_request& r, const request_context& c,
                            output& out) {
  if (!consumers.find(r.group_id)) return classic.sync(r, c, out);
  consumers.change(r.group_id, c.now, out, [&](consumer_group& to, const consumer_scene& scene) {
    out.answer_to(c.ticket, to.sync(r, scene));
  });
}

void coordinator::parts::on(const kafka::heartbeat_request& r, const request_context& c,
                            output& out) {
  if (!consumers.find(r.group_id)) return classic.heartbeat(r, c, out);
  kafka::heartbeat_response a;
  consumers.change(r.group_id, c.now, out, [&](consumer_group& to, const consumer_scene& scene) {
    a.error = to.beat(r, scene);
  });
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::leave_group_request& r, const request_context& c,
                            output& out) {
  if (streams.find(r.group_id)) return refuse_leave(r, c, out);
  if (!consumers.find(r.group_id)) return classic.leave(r, c, out);
  consumers.change(r.group_id, c.now, out, [&](consumer_group& to, const consumer_scene& scene) {
    out.answer_to(c.ticket, to.leave(r, c.api_version, scene));
  });
  migrate_back(c.now, out);
}

// The last member of the consumer protocol has gone: those that are left are a classic group again.
void coordinator::parts::migrate_back(moment now, output& out) {
  constexpr std::int16_t record_version = 3;
  for (const auto& id : consumers.take_classic_only()) {
    const auto* g = consumers.find(id);
    const auto& s = settings.consumer_of(id.view());
    if (!g || !can_downgrade(g->stored(), s, settings.members_max)) continue;
    const auto value = downgraded(g->stored(), topics, now);
    if (value.encoded_size(record_version) > settings.batch_bytes_max) continue;
    consumers.remove(id, now, out);
    classic.adopt(id, value, now, out);
    offsets_changed(id);
  }
}

error_code coordinator::parts::may_commit(const committer& by,
                                          std::span<const partition_key> partitions) const {
  // Share groups have no offsets of their own making.
  if (shares.find(group_of(by.group))) return error_code::group_id_not_found;
  const auto* g = consumers.find(group_of(by.group));
  if (!g) {
    return classic.may_commit(by.group, by.member_id, by.instance_id, by.epoch, by.transactional);
  }
  if (broken.commits_in_any_epoch && g->stored().find(by.member_id)) return error_code::none;
  const auto ok =
      g->may_commit({by.member_id, by.epoch, by.api_version, by.transactional}, partitions, topics);
  return ok ? error_code::none : ok.error().code;
}

error_code coordinator::parts::may_fetch(std::string_view group,
                                         const std::optional<text>& member_id,
                                         std::int32_t epoch) const {
  const offset_claim by{.member_id = member_id.value_or(text()), .epoch = epoch};
  group_result ok;
  if (const auto* g = consumers.find(group_of(group))) {
    ok = g->may_fetch(by);
  } else if (const auto* s = streams.find(group_of(group)); s && (member_id || epoch >= 0)) {
    ok = s->may_fetch(by);
  }
  return ok ? error_code::none : ok.error().code;
}

}  // namespace weir::group
