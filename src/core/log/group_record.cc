#include "core/log/group_record.h"

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/log/record_envelope.h"

namespace weir::log {
namespace {

constexpr record_envelope envelope{.magic = "WEIRGRP\n"};
constexpr std::size_t fixed = 40;
constexpr std::size_t placed_head = 12;

enum class beginning : std::uint32_t { alone = 0, told = 1, joined = 2 };

void put_u32(std::string& to, std::uint32_t value) {
  std::array<char, 4> bytes{};
  store_le(bytes.data(), value);
  to.append(bytes.data(), bytes.size());
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
  store_le(b + 32, static_cast<std::uint32_t>(group.configurations.size()));
  if (began == beginning::told) {
    put_u32(out, static_cast<std::uint32_t>(group.began->size()));
    out += *group.began;
  }
  for (const auto& placed : group.configurations) {
    std::array<char, 8> index{};
    store_le(index.data(), placed.index.value());
    out.append(index.data(), index.size());
    put_u32(out, static_cast<std::uint32_t>(placed.body.size()));
    out += placed.body;
  }
  envelope.seal(out);
  return out;
}

std::expected<group_record, log_error> decode_group_record(std::string_view file) {
  weir_try_void(envelope.check(file, fixed));
  const char* b = file.data();
  group_record group{.last_vote = {.term = weir::term(load_le<std::uint64_t>(b + 16)),
                                   .voted_for = node_id(load_le<std::int32_t>(b + 24))}};
  const auto began = load_le<std::uint32_t>(b + 28);
  const auto count = load_le<std::uint32_t>(b + 32);
  auto left = file.substr(fixed);
  if (began > static_cast<std::uint32_t>(beginning::joined) ||
      group.last_vote.voted_for.value() < -1 || load_le<std::uint32_t>(b + 36) != 0 ||
      count > group_configurations_max || count > left.size() / placed_head)
    return std::unexpected(log_error::bad_field);
  if (began == static_cast<std::uint32_t>(beginning::joined)) group.began.emplace();
  if (began == static_cast<std::uint32_t>(beginning::told)) {
    group.began = take_body(left);
    if (!group.began || group.began->empty()) return std::unexpected(log_error::bad_field);
  }
  group.configurations.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (left.size() < placed_head) return std::unexpected(log_error::bad_field);
    const log_index index(load_le<std::uint64_t>(left.data()));
    left.remove_prefix(8);
    auto body = take_body(left);
    const bool in_order = group.configurations.empty() || index > group.configurations.back().index;
    if (!body || body->empty() || !in_order) return std::unexpected(log_error::bad_field);
    group.configurations.push_back({index, *std::move(body)});
  }
  if (!left.empty()) return std::unexpected(log_error::bad_field);
  return group;
}

}  // namespace weir::log
