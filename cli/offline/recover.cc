#include "cli/offline/recover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/offline/catalog_check.h"
#include "cli/offline/directory_check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/catalog/stored_record.h"
#include "core/codec/stored/membership.h"
#include "core/log/group_record.h"

namespace weir::offline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 4096;

node_id self_of(const std::string& root) {
  const auto path = root + "/membership";
  if (!fs::exists(path))
    throw nothing_to_check(path + " is missing: this is no directory of a broker of a cluster");
  const auto content = small_content(*open_source(path));
  constexpr std::size_t crc_size = 4;
  const auto body = content && content->size() > crc_size
                        ? std::string_view(*content).substr(crc_size)
                        : std::string_view();
  if (body.empty() || load_be<std::uint32_t>(content->data()) != crc32c(body))
    throw nothing_to_check(path + " is damaged");
  const auto read = catalog::decode_record<std::variant<stored::membership>>(fragments::copy(body));
  if (!read) throw nothing_to_check(path + " was written by a newer Weir");
  const auto& m = std::get<stored::membership>(*read);
  if (m.cluster_id.is_zero()) throw nothing_to_check(root + " belongs to no cluster yet");
  return node_id(m.node_id);
}

std::optional<log::group_record> group_of(const std::string& directory) {
  const auto path = directory + "/" + log::group_file_name;
  if (!fs::exists(path)) return log::group_record();
  const auto content = small_content(*open_source(path));
  if (!content) return std::nullopt;
  auto read = log::decode_group_record(*content);
  if (!read) return std::nullopt;
  return *std::move(read);
}

// The last configuration that the log or the file beside it tells of.
struct newest_members {
  log_index index;
  std::string body;
  void take(log_index at, std::string_view what) {
    if (at < index) return;
    index = at;
    body = what;
  }
};

bool has_majority(const std::vector<node_id>& voters, const std::vector<node_id>& lost) {
  const auto gone = std::ranges::count_if(
      voters, [&](node_id node) { return std::ranges::contains(lost, node); });
  return 2 * gone < std::ssize(voters);
}

void judge(copy_of_group& copy, const recover_order& order, node_id self) {
  const auto& m = copy.members;
  copy.stuck = m.voters.empty() || !has_majority(m.voters, order.lost) ||
               (m.joint() && !has_majority(m.old_voters, order.lost));
  if (!copy.stuck || !copy.refused.empty()) return;
  if (!m.is_voter(self)) {
    copy.refused = "this broker has no vote in it: others may have more of it";
    return;
  }
  std::vector<node_id> others;
  for (const auto node : m.members()) {
    if (node != self && m.is_voter(node) && !std::ranges::contains(order.lost, node))
      others.push_back(node);
  }
  if (!others.empty() && !order.names_one())
    copy.refused = fmt::format(
        "brokers {} have copies too: go on with the one that has the latest term and then the most "
        "entries, and name it",
        fmt::join(others, ", "));
}

copy_of_group look_at(const partition_place& place, node_id self, const journals& journal,
                      progress& p) {
  copy_of_group copy{.label = place.label, .directory = place.directory};
  const auto group = group_of(place.directory);
  newest_members newest;
  if (group) {
    if (group->began && !group->began->empty()) newest.take({}, *group->began);
    if (group->forced) newest.take(group->forced->index, group->forced->body);
    for (const auto& placed : group->configurations) newest.take(placed.index, placed.body);
  }
  partition_check check(place, journal, p, [&](const log::frame_head& head, const fragments& body) {
    if (head.kind == log::frame_kind::configuration) newest.take(head.index, body.str());
  });
  const auto found = check.run();
  copy.last_index = check.ends().index;
  copy.last_term = check.ends().term;
  copy.next_offset = check.ends().next_offset;
  if (auto members = raft::decode_configuration(newest.body)) copy.members = *std::move(members);
  // Nothing was ever written down: this broker alone.
  if (group && !group->began && newest.body.empty()) copy.members.voters = {self};
  const auto has = [&](const char* name) { return fs::exists(place.directory + "/" + name); };
  if (!group) {
    copy.refused = "what it has promised is unreadable (the file group)";
  } else if (found.count(level::damage) + found.count(level::unchecked) > 0) {
    copy.refused = "it is damaged, or could not be read: see weir verify";
  } else if (has(log::cut_file_name) || has(log::reset_file_name) || has(log::damage_file_name)) {
    copy.refused = "its log was being cut or reset: start this broker once, and stop it";
  } else if (copy.members.voters.empty()) {
    copy.refused = "it was never told who belongs to it";
  }
  return copy;
}

void sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && ::fsync(fd) == 0;
  const auto why = errno;
  if (fd >= 0) ::close(fd);
  if (!good) throw write_failed(fmt::format("{}: {}", path, std::strerror(why)));
}

// As engine/store writes small files: whole, flushed, renamed.
void replace(const std::string& path, const std::string& content) {
  std::string file(sizeof(std::uint64_t), '\0');
  store_le<std::uint64_t>(file.data(), content.size());
  file += content;
  file.resize((file.size() + block - 1) / block * block);
  const auto fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool good = fd >= 0;
  for (std::size_t at = 0; good && at < file.size();) {
    const auto wrote = ::write(fd, file.data() + at, file.size() - at);
    good = wrote > 0;
    if (good) at += static_cast<std::size_t>(wrote);
  }
  good = good && ::fsync(fd) == 0;
  const auto why = errno;
  if (fd >= 0) ::close(fd);
  if (!good || ::rename(fresh.c_str(), path.c_str()) != 0)
    throw write_failed(fmt::format("{}: {}", path, std::strerror(good ? errno : why)));
  sync_directory(fs::path(path).parent_path());
}

}  // namespace

recovery_plan plan_recovery(const recover_order& order, progress& p) {
  recovery_plan plan{.self = self_of(order.path)};
  if (std::ranges::contains(order.lost, plan.self))
    throw nothing_to_check(
        fmt::format("{} is the directory of broker {}, which is not lost", order.path, plan.self));
  findings told;
  const auto journal = fs::is_directory(order.path + "/journal")
                           ? read_journals(order.path + "/journal", "journal", told, p)
                           : journals();
  const auto add = [&](const partition_place& place) {
    plan.groups.push_back(look_at(place, plan.self, journal, p));
    judge(plan.groups.back(), order, plan.self);
  };
  if (order.topic.empty())
    add({.directory = order.path + "/catalog",
         .label = "catalog",
         .topic = uuid{},
         .partition = partition_id(0)});
  if (order.catalog) return plan;
  if (!fs::is_directory(order.path + "/topics")) return plan;
  for (const auto& e : fs::directory_iterator(order.path + "/topics")) {
    const auto name = e.path().filename().string();
    const auto dot = name.rfind('.');
    const auto id = dot == std::string::npos ? std::nullopt
                                             : uuid::parse(std::string_view(name).substr(dot + 1));
    if (!id || (!order.topic.empty() && name.substr(0, dot) != order.topic)) continue;
    for (const auto& one : fs::directory_iterator(e.path())) {
      const auto number = one.path().filename().string();
      if (number.empty() || number.size() > 9 ||
          number.find_first_not_of("0123456789") != std::string::npos)
        continue;
      const auto partition = std::stoi(number);
      if (order.partition && *order.partition != partition) continue;
      add({.directory = one.path().string(),
           .label = fmt::format("{}-{}", name.substr(0, dot), partition),
           .topic = id,
           .partition = partition_id(partition)});
    }
  }
  std::ranges::sort(plan.groups, {}, &copy_of_group::label);
  return plan;
}

void go_on_alone(const copy_of_group& copy, node_id self) {
  auto group = group_of(copy.directory);
  if (!group) throw write_failed(copy.directory + ": its group file is unreadable");
  group->forced =
      log::placed_body{.index = copy.last_index, .body = raft::encode({.voters = {self}})};
  replace(copy.directory + "/" + log::group_file_name, log::encode(*group));
}

}  // namespace weir::offline
