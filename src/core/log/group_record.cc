#include "core/log/group_record.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/log/record_envelope.h"

namespace weir::log {
namespace {

constexpr record_envelope envelope{.magic = "WEIRGRP\n", .version = 2, .oldest = 1};
constexpr std::size_t fixed_first = 40;  // of version 1
constexpr std::size_t fixed = 72;
constexpr std::size_t placed_head = 12;
constexpr std::size_t start_entry = 16;

enum class beginning : std::uint32_t { alone = 0, told = 1, joined = 2 };

void put_u32(std::string& to, std::uint32_t value) {
  std::array<char, 4> bytes{};
  store_le(bytes.data(), value);
  to.append(bytes.data(), bytes.size());
}

void put_placed(std::string& to, const placed_body& placed) {
  std::array<char, 8> index{};
  store_le(index.data(), placed.index.value());
  to.append(index.data(), index.size());
  put_u32(to, static_cast<std::uint32_t>(placed.body.size()));
  to += placed.body;
}

// Takes a body with its size from the front of `from`.
std::optional<std::string> take_body(std::string_view& from) {
  if (from.size() < 4) return std::nullopt;
  const auto size = load_le<std::uint32_t>(from.data());
  if (size > configuration_size_max || from.size() - 4 < size) return std::nullopt;
  std::string body(from.substr(4, size));
  from.remove_prefix(4 + size);
  return body;
}

// Nothing: there is none, or an empty one.
std::optional<placed_body> take_placed(std::string_view& from) {
  if (from.size() < placed_head) return std::nullopt;
  const log_index index(load_le<std::uint64_t>(from.data()));
  from.remove_prefix(8);
  auto body = take_body(from);
  if (!body || body->empty()) return std::nullopt;
  return placed_body{index, *std::move(body)};
}

}  // namespace

vote later_of(const vote& a, const vote& b) {
  if (a.term != b.term) return a.term > b.term ? a : b;
  return a.voted_for.value() >= 0 ? a : b;
}

std::string encode(const group_record& group) {
  weir_check(group.configurations.size() <= group_configurations_max, "{} configurations",
             group.configurations.size());
  std::string out(fixed, '\0');
  char* b = out.data();
  store_le(b + 16, group.last_vote.term.value());
  store_le(b + 24, group.last_vote.voted_for.value());
  const auto began = !group.began           ? beginning::alone
                     : group.began->empty() ? beginning::joined
                                            : beginning::told;
  store_le(b + 28, static_cast<std::uint32_t>(began));
  weir_check(group.starts.size() <= group_starts_max, "{} starts", group.starts.size());
  store_le(b + 32, static_cast<std::uint32_t>(group.configurations.size()));
  store_le(b + 36, static_cast<std::uint32_t>(group.starts.size()));
  store_le(b + 40, group.held_term.value());
  store_le(b + 48, group.held_index.value());
  store_le(b + 56, std::uint64_t{group.forced.has_value()});
  store_le(b + 64, group.behind_hole.value());
  if (began == beginning::told) {
    put_u32(out, static_cast<std::uint32_t>(group.began->size()));
    out += *group.began;
  }
  for (const auto& placed : group.configurations) put_placed(out, placed);
  for (const auto& moved : group.starts) {
    std::array<char, start_entry> bytes{};
    store_le(bytes.data(), moved.index.value());
    store_le(bytes.data() + 8, moved.to.value());
    out.append(bytes.data(), bytes.size());
  }
  if (group.forced) put_placed(out, *group.forced);
  envelope.seal(out);
  return out;
}

std::expected<group_record, log_error> decode_group_record(std::string_view file) {
  weir_try_void(envelope.check(file, fixed_first));
  const auto head = record_envelope::version_of(file) == 1 ? fixed_first : fixed;
  if (file.size() < head) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  group_record group{.last_vote = {.term = weir::term(load_le<std::uint64_t>(b + 16)),
                                   .voted_for = node_id(load_le<std::int32_t>(b + 24))}};
  const auto began = load_le<std::uint32_t>(b + 28);
  const auto count = load_le<std::uint32_t>(b + 32);
  const auto starts = load_le<std::uint32_t>(b + 36);
  auto left = file.substr(head);
  if (head == fixed) {
    group.held_term = weir::term(load_le<std::uint64_t>(b + 40));
    group.held_index = log_index(load_le<std::uint64_t>(b + 48));
    group.behind_hole = log_index(load_le<std::uint64_t>(b + 64));
  }
  if (began > static_cast<std::uint32_t>(beginning::joined) ||
      group.last_vote.voted_for.value() < -1 || (head == fixed_first && starts != 0) ||
      starts > group_starts_max || count > group_configurations_max ||
      count > left.size() / placed_head)
    return std::unexpected(log_error::bad_field);
  if (began == static_cast<std::uint32_t>(beginning::joined)) group.began.emplace();
  if (began == static_cast<std::uint32_t>(beginning::told)) {
    group.began = take_body(left);
    if (!group.began || group.began->empty()) return std::unexpected(log_error::bad_field);
  }
  group.configurations.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto placed = take_placed(left);
    const bool in_order = placed && (group.configurations.empty() ||
                                     placed->index > group.configurations.back().index);
    if (!in_order) return std::unexpected(log_error::bad_field);
    group.configurations.push_back(*std::move(placed));
  }
  if (left.size() < starts * start_entry) return std::unexpected(log_error::bad_field);
  group.starts.reserve(starts);
  for (std::uint32_t i = 0; i < starts; ++i, left.remove_prefix(start_entry)) {
    const moved_start moved{.index = log_index(load_le<std::uint64_t>(left.data())),
                            .to = offset(load_le<std::int64_t>(left.data() + 8))};
    const bool in_order = group.starts.empty() || moved.index > group.starts.back().index;
    if (!in_order || moved.to.value() < 0) return std::unexpected(log_error::bad_field);
    group.starts.push_back(moved);
  }
  const auto forced = head == fixed ? load_le<std::uint64_t>(b + 56) : 0;
  if (forced == 1) {
    group.forced = take_placed(left);
    if (!group.forced) return std::unexpected(log_error::bad_field);
  }
  if (forced > 1 || !left.empty()) return std::unexpected(log_error::bad_field);
  return group;
}

}  // namespace weir::log
