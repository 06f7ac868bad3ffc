#include <algorithm>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/catalog/read_settings.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/stored_record.h"

namespace weir::catalog {
namespace {

using outcome = std::expected<void, snapshot_error>;

outcome refuse() {
  return std::unexpected(snapshot_error::malformed);
}

snapshot_error error_of(kafka::codec_error e) {
  return e == kafka::codec_error::bad_version ? snapshot_error::newer_version
                                              : snapshot_error::malformed;
}

template <typename Ids>
replica_list list_of(const Ids& ids) {
  replica_list out;
  for (const auto id : ids) out.emplace_back(id);
  return out;
}

// As placement makes them: each list without repeats, nobody leaving who is wanted.
std::optional<placement> placement_of(const stored::snapshot_partitions::placement& r) {
  if (r.version < 0) return std::nullopt;
  for (const auto* list : {&r.replicas, &r.target, &r.leaving}) {
    if (list->size() > replicas_max) return std::nullopt;
    if (!list->empty() && !well_formed(list_of(*list))) return std::nullopt;
  }
  placement out(list_of(r.replicas), list_of(r.target), list_of(r.leaving), r.version, r.moved);
  const bool leaves = std::ranges::none_of(r.leaving, [&](auto id) {
    return std::ranges::contains(r.replicas, id) || std::ranges::contains(r.target, id);
  });
  if (!leaves || out.named().size() > replicas_max) return std::nullopt;
  return out;
}

broker broker_of(const stored::snapshot_broker& r) {
  broker b;
  b.id = node_id(r.node_id);
  b.directory = r.broker_id;
  b.incarnation = r.incarnation;
  b.peer = {r.peer_host.str(), r.peer_port};
  for (const auto& l : r.listeners) b.listeners.push_back({l.name.str(), {l.host.str(), l.port}});
  b.rack = r.rack.str();
  b.cores = r.cores;
  b.version = r.software_version.str();
  for (const auto& f : r.features)
    b.features.emplace(f.name.str(), level_range{f.level_min, f.level_max});
  b.state = static_cast<broker_state>(r.state);
  return b;
}

}  // namespace

std::expected<void, snapshot_error> snapshot_reader::feed(const fragments& more) {
  pending_.append(more);
  fragments_cursor from(pending_);
  while (from.left() >= piece_head_size) {
    char head[piece_head_size];
    auto piece = from;
    piece.read(head, piece_head_size);
    const auto size = load_be<std::uint32_t>(head);
    if (size > piece_bytes_max) return refuse();
    if (piece.left() < size) break;
    const auto record = piece.take(size);
    if (crc32c(record, 0, size) != load_be<std::uint32_t>(head + 4))
      return std::unexpected(snapshot_error::damaged);
    weir_try_void(take(record));
    from.skip(piece_head_size + size);
  }
  auto rest = from.take(from.left());
  pending_ = std::move(rest);
  return {};
}

std::expected<state, snapshot_error> snapshot_reader::finish() {
  if (!ended_ || !pending_.empty()) return std::unexpected(snapshot_error::truncated);
  return std::move(state_);
}

outcome snapshot_reader::take(const fragments& encoded) {
  const auto record = decode_record<snapshot_record>(encoded);
  if (!record) return std::unexpected(error_of(record.error()));
  // The head is the first, and nothing follows the end.
  const bool is_head = std::holds_alternative<stored::snapshot_head>(*record);
  if (is_head != (pieces_ == 0) || ended_) return refuse();
  weir_try_void(std::visit([this](const auto& r) { return on(r); }, *record));
  ++pieces_;
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_head& r) {
  state_.cluster_id_ = r.cluster_id;
  state_.next_producer_id_ = r.next_producer_id;
  state_.config_changes_ = r.config_changes;
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_features& r) {
  // One piece has all of them, so what was read also fits one.
  if (!state_.feature_levels_.empty()) return refuse();
  for (const auto& f : r.features) {
    if (f.level <= 0 || !state_.feature_levels_.emplace(f.name.str(), f.level).second)
      return refuse();
  }
  state_.features_epoch_ = r.epoch;
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_broker& r) {
  const node_id id(r.node_id);
  const bool owned = std::ranges::any_of(
      state_.node_ids_, [&](const auto& known) { return known.second == r.broker_id; });
  if (owned || !state_.node_ids_.emplace(id, r.broker_id).second) return refuse();
  if (!r.registered) return {};
  if (!is_known(static_cast<broker_state>(r.state)))
    return std::unexpected(snapshot_error::newer_version);
  if (r.cores < 0 || r.cores > cores_max) return refuse();
  state_.know_shards(id, r.cores);
  state_.brokers_.emplace(id, broker_of(r));
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_configs& r) {
  const auto name = r.resource_name.view();
  if (r.resource_type == topic_resource) {
    const auto at = state_.topics_.find(name);
    if (at == state_.topics_.end()) return refuse();
    read_settings(r.configs, at->second->configs, at->second->unread_configs);
    at->second->configs_version = r.version;
    return {};
  }
  auto* to = state_.find_set(r.resource_type, name);
  if (!to) return refuse();
  read_settings(r.configs, to->layer, to->unread);
  to->version = r.version;
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_topic& r) {
  if (state_.topics_.contains(r.name.view()) || state_.by_id_.contains(r.topic_id)) return refuse();
  topic_ = &state_.add_topic(r.name.str(), r.topic_id);
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_partitions& r) {
  if (!topic_) return refuse();
  for (const auto& p : r.partitions) {
    auto made = placement_of(p);
    if (!made) return refuse();
    auto& at = topic_->partitions.emplace_back(*std::move(made));
    for (const auto& s : p.seats) {
      const node_id node(s.node);
      if (!at.names(node) || at.shard_on(node) || s.shard < 0 ||
          static_cast<std::size_t>(s.shard) >= state_.shard_loads(node).size())
        return refuse();
      state_.seat_at(at, node, s.shard);
    }
    state_.count(at);
    ++state_.partition_count_;
  }
  return {};
}

outcome snapshot_reader::on(const stored::snapshot_end& r) {
  if (r.pieces != pieces_) return refuse();
  ended_ = true;
  return {};
}

std::expected<state, snapshot_error> decode_snapshot(const fragments& from) {
  snapshot_reader reader;
  weir_try_void(reader.feed(from));
  return reader.finish();
}

}  // namespace weir::catalog
