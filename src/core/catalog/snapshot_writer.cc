#include "core/base/crc32c.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/stored_record.h"

namespace weir::catalog {
namespace {

// A piece is closed when it has this much. Strings have at most 32767 bytes: one more setting, and
// the name of a resource, keep it below piece_bytes_max.
constexpr std::size_t piece_bytes_full = 24 * 1024;
constexpr std::size_t setting_overhead = 8;  // at most: two lengths and the tags

template <typename Into, typename Nodes>
void copy_nodes(Into& into, const Nodes& nodes) {
  for (const auto node : nodes) into.push_back(node.value());
}

stored::snapshot_broker record_of(const broker& b) {
  stored::snapshot_broker r;
  r.registered = true;
  r.state = static_cast<std::int8_t>(b.state);
  r.incarnation = b.incarnation;
  r.peer_host = text(b.peer.host);
  r.peer_port = b.peer.port;
  for (const auto& l : b.listeners) {
    auto& to = r.listeners.emplace_back();
    to.name = text(l.name);
    to.host = text(l.at.host);
    to.port = l.at.port;
  }
  r.rack = text(b.rack);
  r.cores = b.cores;
  r.software_version = text(b.version);
  for (const auto& [name, range] : b.features) {
    auto& to = r.features.emplace_back();
    to.name = text(name);
    to.level_min = range.min;
    to.level_max = range.max;
  }
  return r;
}

}  // namespace

snapshot_writer::snapshot_writer(const state& of)
    : of_(of),
      broker_(of.node_ids_.begin()),
      broker_configs_(of.broker_configs_.begin()),
      group_configs_(of.group_configs_.begin()),
      client_metrics_configs_(of.client_metrics_configs_.begin()),
      topic_(of.topics_.begin()) {}

std::optional<fragments> snapshot_writer::next() {
  while (ready_.empty()) {
    if (!step()) return std::nullopt;
  }
  auto piece = std::move(ready_.front());
  ready_.pop_front();
  return piece;
}

bool snapshot_writer::step() {
  switch (part_) {
    case part::head:
      put_head();
      part_ = part::brokers;
      return true;
    case part::brokers:
      if (broker_ == of_.node_ids_.end()) {
        part_ = part::broker_configs;
        return true;
      }
      put_broker(broker_->first, broker_->second);
      ++broker_;
      return true;
    case part::broker_configs:
      if (broker_configs_ == of_.broker_configs_.end()) {
        part_ = part::group_configs;
        return true;
      }
      put_configs(broker_resource, std::to_string(broker_configs_->first.value()),
                  broker_configs_->second);
      ++broker_configs_;
      return true;
    case part::group_configs:
      if (group_configs_ == of_.group_configs_.end()) {
        part_ = part::client_metrics_configs;
        return true;
      }
      put_configs(group_resource, group_configs_->first, group_configs_->second);
      ++group_configs_;
      return true;
    case part::client_metrics_configs:
      if (client_metrics_configs_ == of_.client_metrics_configs_.end()) {
        part_ = part::topics;
        return true;
      }
      put_configs(client_metrics_resource, client_metrics_configs_->first,
                  client_metrics_configs_->second);
      ++client_metrics_configs_;
      return true;
    case part::topics:
      if (topic_ == of_.topics_.end()) {
        part_ = part::end;
        return true;
      }
      put_topic(*topic_->second);
      return true;
    case part::end: {
      stored::snapshot_end r;
      r.pieces = pieces_;
      put(r);
      part_ = part::done;
      return true;
    }
    case part::done:
      return false;
  }
  return false;
}

template <typename Record>
void snapshot_writer::put(const Record& r) {
  const auto record = encode_record(r);
  weir_check(record.size() <= piece_bytes_max, "a piece of {} bytes", record.size());
  char head[piece_head_size];
  store_be<std::uint32_t>(head, static_cast<std::uint32_t>(record.size()));
  store_be<std::uint32_t>(head + 4, crc32c(record, 0, record.size()));
  auto piece = fragments::copy({head, piece_head_size});
  piece.append(record);
  ready_.push_back(std::move(piece));
  ++pieces_;
}

void snapshot_writer::put_head() {
  stored::snapshot_head r;
  r.cluster_id = of_.cluster_id_;
  r.next_producer_id = of_.next_producer_id_;
  r.config_changes = of_.config_changes_;
  put(r);
  stored::snapshot_features f;
  for (const auto& [name, level] : of_.feature_levels_) {
    auto& to = f.features.emplace_back();
    to.name = text(name);
    to.level = level;
  }
  f.epoch = of_.features_epoch_;
  put(f);
  put_configs(broker_resource, {}, of_.cluster_configs_);
}

void snapshot_writer::put_broker(node_id id, const uuid& directory) {
  const auto* b = of_.find_broker(id);
  auto r = b ? record_of(*b) : stored::snapshot_broker{};
  r.node_id = id.value();
  r.broker_id = directory;
  put(r);
}

// At least one piece, so that also an empty set is there again.
void snapshot_writer::put_configs(std::int8_t type, std::string_view name,
                                  const option_layer& layer,
                                  const std::map<std::string, std::string>& unread,
                                  std::int64_t version) {
  auto settings = layer_to_text(layer);
  settings.insert(unread.begin(), unread.end());
  stored::snapshot_configs r;
  std::size_t bytes = 0;
  const auto begin = [&] {
    r = {};
    r.resource_type = type;
    r.resource_name = text::copy(name);
    r.version = version;
    bytes = 0;
  };
  begin();
  for (const auto& [key, value] : settings) {
    if (bytes >= piece_bytes_full) {
      put(r);
      begin();
    }
    auto& to = r.configs.emplace_back();
    to.name = text(key);
    to.value = text(value);
    bytes += key.size() + value.size() + setting_overhead;
  }
  put(r);
}

void snapshot_writer::put_topic(const topic& t) {
  if (!next_partition_) {
    stored::snapshot_topic r;
    r.topic_id = t.id;
    r.name = text(t.name);
    put(r);
    // Version 0 with some: they were set before there were versions.
    if (t.configs_version > 0 || !t.configs.empty() || !t.unread_configs.empty())
      put_configs(topic_resource, t.name, t.configs, t.unread_configs, t.configs_version);
    next_partition_ = 0;
  }
  if (*next_partition_ < t.partitions.size()) return put_partitions(t);
  next_partition_.reset();
  ++topic_;
}

void snapshot_writer::put_partitions(const topic& t) {
  constexpr std::size_t bytes_of_one = 20;
  constexpr std::size_t seat_numbers = 3;  // node, shard, tags
  stored::snapshot_partitions r;
  std::size_t bytes = 0;
  for (; *next_partition_ < t.partitions.size() && bytes < piece_bytes_full; ++*next_partition_) {
    const auto& p = t.partitions[*next_partition_];
    auto& to = r.partitions.emplace_back();
    to.version = p.version();
    to.moved = p.moved();
    copy_nodes(to.replicas, p.replicas());
    copy_nodes(to.target, p.target());
    copy_nodes(to.leaving, p.leaving());
    for (const auto& s : p.seats()) {
      auto& seat = to.seats.emplace_back();
      seat.node = s.node.value();
      seat.shard = s.shard;
    }
    const auto numbers =
        to.replicas.size() + to.target.size() + to.leaving.size() + seat_numbers * to.seats.size();
    bytes += bytes_of_one + numbers * sizeof(std::int32_t);
  }
  put(r);
}

fragments encode_snapshot(const state& of) {
  fragments out;
  snapshot_writer from(of);
  while (const auto piece = from.next()) out.append(*piece);
  return out;
}

}  // namespace weir::catalog
