// What is stored of classic groups, and what they become of it.
#include "core/group/classic_groups.h"

namespace weir::group {

namespace {

// The newest version without tagged fields: any Kafka since 2.3 reads it.
constexpr std::int16_t record_version = 3;

text copy(std::string_view view) {
  return text::copy(view);
}
std::optional<text> copy_if(const std::optional<std::string>& s) {
  return s ? std::optional(text::copy(*s)) : std::nullopt;
}
std::optional<std::string> str(const std::optional<text>& t) {
  return t ? std::optional(t->str()) : std::nullopt;
}

}  // namespace

void classic_groups::apply(const logged::group_metadata_key& key,
                           const logged::group_metadata_value* value) {
  if (!value) {
    if (const auto found = stored_.find(key.group.view()); found != stored_.end()) {
      stored_.erase(found);
    }
    return;
  }
  // Decoded from bytes of its own: nothing of it holds on to a piece of the log or to a request,
  // and it is what replay has.
  const auto encoded = kafka::encode_prefixed(*value, logged::group_metadata_value::version_max);
  const fragments own(encoded.contiguous(0, encoded.size()));
  auto decoded = kafka::decode_prefixed<logged::group_metadata_value>(own);
  weir_check(decoded.has_value(), "group {}: its record does not decode", key.group);
  stored_.insert_or_assign(key.group.str(), *std::move(decoded));
}

logged::group_metadata_value classic_groups::record_of(const classic_group& g) const {
  logged::group_metadata_value v;
  if (g.protocol_type()) v.protocol_type = copy(*g.protocol_type());
  v.generation = g.generation();
  v.protocol = copy_if(g.protocol_name());
  if (!g.leader().empty()) v.leader = copy(g.leader());
  v.current_state_timestamp = g.state_since().value();
  v.members.reserve(g.members().size());
  for (const auto& [id, m] : g.members()) {
    auto& to = v.members.emplace_back();
    to.member_id = copy(id);
    to.group_instance_id = copy_if(m.instance_id);
    to.client_id = copy(m.client_id);
    to.client_host = copy(m.client_host);
    to.rebalance_timeout = m.rebalance_timeout_ms;
    to.session_timeout = m.session_timeout_ms;
    to.subscription = m.metadata_for(g.protocol_name().value_or(""));
    to.assignment = m.assignment;
  }
  return v;
}

bool classic_groups::store(const classic_group& g, output& out) {
  logged::group_metadata_key key;
  key.group = copy(g.id());
  const auto value = record_of(g);
  if (value.encoded_size(record_version) > settings_.batch_bytes_max) return false;
  out.put(key, value, record_version);
  apply(key, &value);
  return true;
}

void classic_groups::remove(std::string_view id, output& out) {
  auto* g = find_mutable(id);
  if (!g) return;
  logged::group_metadata_key key;
  key.group = copy(id);
  if (stored_.contains(id)) {
    out.erase(key);
    apply(key, nullptr);
  }
  // Whoever has been given an id will hear that nobody knows it.
  g->pending().clear();
  settle(*g);
}

void classic_groups::adopt(std::string_view id, const logged::group_metadata_value& value,
                           moment now, output& out) {
  logged::group_metadata_key key;
  key.group = copy(id);
  out.put(key, value, record_version);
  apply(key, &value);
  const std::string name(id);
  // In the generation that its members know: they hear of the rebalance, and keep what they may.
  auto known = stored_.find(id)->second;
  --known.generation;
  revive(name, known, now);
  auto& g = *find_mutable(id);
  // Were the next one that of the record, a new leader would take it for one that was shared out.
  g.stored_generation = value.generation;
  // What they have was shared out among others, too.
  prepare_rebalance(g, now, out);
  settle(g);
}

void classic_groups::release(std::string_view id, output& out) {
  auto* g = find_mutable(id);
  if (!g) return;
  for (auto& [member_id, m] : g->members()) {
    if (const auto join = g->end_join(m)) {
      out.answer_to(join->of, join_refusal(join->version, kafka::error_code::rebalance_in_progress,
                                           member_id));
    }
    if (const auto sync = std::exchange(m.sync, std::nullopt)) {
      out.answer_to(sync->of, sync_refusal(kafka::error_code::rebalance_in_progress));
    }
  }
  if (stored_.contains(id)) {
    logged::group_metadata_key key;
    key.group = copy(id);
    out.erase(key);
    apply(key, nullptr);
  }
  memory_bytes_ -= g->counted_bytes;
  if (g->due_ms) due_.erase({*g->due_ms, g->id()});
  groups_.erase(groups_.find(id));
}

void classic_groups::loaded(moment now, output& out) {
  for (const auto& [id, value] : stored_) {
    revive(id, value, now);
    auto& g = *find_mutable(id);
    if (g.members().size() > settings_.members_max) prepare_rebalance(g, now, out);
    settle(g);
  }
}

void classic_groups::revive(const std::string& id, const logged::group_metadata_value& from,
                            moment now) {
  auto& g = keep(id);
  for (const auto& m : from.members) {
    if (g.find(m.member_id)) continue;  // no coordinator writes that
    member to;
    to.id = m.member_id.str();
    to.instance_id = str(m.group_instance_id);
    to.client_id = m.client_id.str();
    to.client_host = m.client_host.str();
    to.session_timeout_ms = m.session_timeout;
    to.rebalance_timeout_ms = m.rebalance_timeout < 0 ? m.session_timeout : m.rebalance_timeout;
    // Of what it offered only what was chosen is known, until it joins again.
    to.protocols.push_back({from.protocol ? from.protocol->str() : "", m.subscription});
    to.assignment = m.assignment;
    to.session_deadline_ms = now.steady_ms + to.session_timeout_ms;
    arm(g, to.session_deadline_ms);
    g.add(std::move(to), from.protocol_type);
  }
  g.restore(broken_.forgets_generation ? 0 : from.generation,
            from.protocol_type.empty() ? std::nullopt : std::optional(from.protocol_type.str()),
            str(from.protocol), from.leader ? from.leader->str() : "",
            timestamp(from.current_state_timestamp));
}

}  // namespace weir::group
