#include "cli/offline/catalog_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/offline/kinds.h"
#include "core/base/endian.h"

namespace weir::offline {
namespace {

constexpr const char* label = "catalog";
constexpr std::size_t list_max = 64;  // elements shown of a list

template <typename Settings>
std::string settings_in_words(const Settings& all) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& c : all) {
    if (++shown > list_max) return out + ", …";
    out += fmt::format(", {}={}", readable(c.name, 200), readable(c.value, 200));
  }
  return out;
}

template <typename Placements>
std::string placed_in_words(const Placements& all) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& p : all) {
    if (++shown > list_max) return out + " …";
    out += shown == 1 ? " on" : ",";
    std::size_t replicas = 0;
    for (const auto node : p.replicas) {
      if (++replicas > list_max) break;
      out += fmt::format("{}{}", replicas == 1 ? " " : "+", node);
    }
  }
  return out;
}

template <typename Nodes>
std::string nodes_in_words(const Nodes& all) {
  std::string out;
  std::size_t shown = 0;
  for (const auto node : all) {
    if (++shown > list_max) return out + "+…";
    out += fmt::format("{}{}", shown == 1 ? "" : "+", node);
  }
  return out;
}

template <typename List, typename InWords>
std::string listed(const List& all, InWords in_words) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& one : all) {
    if (++shown > list_max) return out + ", …";
    out += (shown == 1 ? "" : ",") + in_words(one);
  }
  return out;
}

std::string_view state_in_words(catalog::broker_state s) {
  switch (s) {
    case catalog::broker_state::active:
      return "active";
    case catalog::broker_state::draining:
      return "draining";
    case catalog::broker_state::maintenance:
      return "maintenance";
  }
  return "of a newer version";
}

struct words {
  std::string operator()(const stored::cluster_created& c) const {
    return fmt::format("cluster created: id {}", c.cluster_id);
  }
  std::string operator()(const stored::topic_created& c) const {
    return fmt::format("topic created: {}, id {}, {} partitions{}{}", readable(c.name, 300),
                       c.topic_id, c.partitions.size(), placed_in_words(c.partitions),
                       settings_in_words(c.configs));
  }
  std::string operator()(const stored::topic_deleted& c) const {
    return fmt::format("topic deleted: id {}", c.topic_id);
  }
  std::string operator()(const stored::partitions_added& c) const {
    return fmt::format("partitions added: topic id {}, now {}{}", c.topic_id, c.total,
                       placed_in_words(c.added));
  }
  std::string operator()(const stored::configs_changed& c) const {
    const auto name = readable(c.resource_name, 300);
    const auto whose = c.resource_type == catalog::topic_resource   ? "topic " + name
                       : c.resource_type == catalog::group_resource ? "group " + name
                       : c.resource_type == catalog::client_metrics_resource
                           ? "client metrics " + name
                       : name.empty() ? "all brokers"
                                      : "broker " + name;
    return fmt::format("configs changed: {}, now {}{}", whose, c.configs.size(),
                       settings_in_words(c.configs));
  }
  std::string operator()(const stored::producer_ids_allocated& c) const {
    return fmt::format("producer ids allocated: below {} to node {}", c.next_producer_id,
                       c.node_id);
  }
  std::string operator()(const stored::broker_registered& c) const {
    return fmt::format("broker registered: {} at {}:{}, version {}, wishes to be node {}",
                       c.broker_id, readable(c.peer_host, 300), c.peer_port,
                       readable(c.software_version, 300), c.wished_id);
  }
  std::string operator()(const stored::broker_unregistered& c) const {
    return fmt::format("broker unregistered: node {}", c.node_id);
  }
  std::string operator()(const stored::broker_state_changed& c) const {
    return fmt::format("broker state changed: node {}, now {}", c.node_id,
                       state_in_words(static_cast<catalog::broker_state>(c.state)));
  }
  std::string operator()(const stored::feature_levels_changed& c) const {
    return "feature levels changed:" + listed(c.features, [](const auto& f) {
             return fmt::format(" {} {}", readable(f.name, 300), f.level);
           });
  }
  std::string operator()(const stored::reassignments_begun& c) const {
    return "reassignments begun:" + listed(c.partitions, [](const auto& p) {
             return fmt::format(" {}-{} to {}", p.topic_id, p.partition,
                                nodes_in_words(p.replicas));
           });
  }
  std::string operator()(const stored::reassignments_cancelled& c) const {
    return "reassignments cancelled:" +
           listed(c.partitions, [](const auto& p) { return name_in_words(p); });
  }
  std::string operator()(const stored::reassignments_finished& c) const {
    return "reassignments finished:" +
           listed(c.partitions, [](const auto& p) { return name_in_words(p); });
  }
  std::string operator()(const stored::shards_moved& c) const {
    return fmt::format("shards moved on node {}:", c.node_id) +
           listed(c.partitions, [](const auto& p) {
             return fmt::format(" {}-{} to {}", p.topic_id, p.partition, p.shard);
           });
  }

 private:
  static std::string name_in_words(const auto& p) {
    return fmt::format(" {}-{} of version {}", p.topic_id, p.partition, p.version);
  }
};

}  // namespace

std::string in_words(const catalog::command& c) {
  return std::visit(words{}, c);
}

std::string describe(const fragments& encoded) {
  const auto c = catalog::decode(encoded);
  if (c) return in_words(*c);
  constexpr std::size_t head = 4;
  if (encoded.size() < head) return "unreadable: cut off";
  const auto start = encoded.contiguous(0, head);
  return fmt::format("unreadable: record id {}, version {}", load_be<std::int16_t>(start.data()),
                     load_be<std::int16_t>(start.data() + 2));
}

namespace {

finding about_state(level how, std::string what, std::string means) {
  return {.how = how,
          .file = std::string(label) + "/state",
          .position = std::nullopt,
          .offset = std::nullopt,
          .what = std::move(what),
          .means = std::move(means)};
}

// What stands for the log's front. Nothing: it can't be told what the commands change.
std::optional<log_index> take_kept_state(const std::string& directory, catalog_found& out,
                                         findings& to) {
  log_index begins;
  for (const auto& e : std::filesystem::directory_iterator(directory)) {
    const auto first = log::parse_segment_file_name(e.path().filename().string());
    if (first && (begins == log_index{} || *first < begins)) begins = *first;
  }
  constexpr const char* restore =
      "the broker does not start: restore catalog/ from a backup, or start it with an empty "
      "directory: it gets the state from the others";
  const auto path = directory + "/state";
  if (!std::filesystem::exists(path)) {
    if (begins <= log_index(1)) return log_index{};
    to.add(about_state(level::damage,
                       fmt::format("it is missing, and the log begins with entry {}", begins),
                       restore));
    return std::nullopt;
  }
  const auto content = small_content(*open_source(path));
  auto kept = decode_kept_state(content.value_or(std::string()));
  if (!kept) {
    const bool newer = kept.error() == catalog::snapshot_error::newer_version;
    to.add(about_state(newer ? level::unchecked : level::damage,
                       std::string(catalog::name(kept.error())), restore));
    return std::nullopt;
  }
  const auto at = kept->at.index;
  if (begins > at + 1) {
    to.add(about_state(
        level::damage,
        fmt::format("it is of entry {}, and the log begins with entry {}", at, begins), restore));
    return std::nullopt;
  }
  out.state = std::move(kept->state);
  return at;
}

}  // namespace

std::expected<kept_state, catalog::snapshot_error> decode_kept_state(std::string_view content) {
  const auto all = fragments::copy(content);
  const auto at = catalog::decode_kept_head(all);
  if (!at) return std::unexpected(at.error());
  auto state = catalog::decode_snapshot(
      all.slice(catalog::kept_head_size, all.size() - catalog::kept_head_size));
  if (!state) return std::unexpected(state.error());
  return kept_state{.at = *at, .state = *std::move(state)};
}

catalog_found check_catalog(const std::string& data_directory, const journals& journal, progress& p,
                            findings& to) {
  catalog_found out;
  const auto directory = data_directory + "/" + label;
  if (!std::filesystem::is_directory(directory)) return out;
  findings commands;
  const auto from = take_kept_state(directory, out, commands);
  bool readable_all = from.has_value();
  partition_check check(
      {.directory = directory, .label = label, .topic = uuid{}, .partition = partition_id(0)},
      journal, p, [&](const log::frame_head& head, const fragments& body) {
        if (head.kind != log::frame_kind::command || (from && head.index <= *from)) return;
        if (const auto c = catalog::decode(body)) {
          // A refused one was refused when it was first applied, too.
          (void)out.state.apply(*c);
          return;
        }
        readable_all = false;
        commands.add({.how = level::damage,
                      .file = label,
                      .position = std::nullopt,
                      .offset = head.base_offset.value(),
                      .what = "a command can't be read: " + describe(body),
                      .means =
                          "the broker does not start: start the version of Weir that wrote it, "
                          "or a newer one"});
      });
  const auto found = check.run();
  out.whole = readable_all && found.count(level::damage) == 0 && found.count(level::unchecked) == 0;
  to.add(found);
  to.add(commands);
  to.seen.partitions = 0;  // it counts for none
  return out;
}

}  // namespace weir::offline
