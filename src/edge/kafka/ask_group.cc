#include "edge/kafka/ask_group.h"

namespace weir::edge {
namespace {

group_request whole(services& with, const request& r, group::request in) {
  return {.is = std::move(in),
          .api_version = r.header.version,
          .client_id = r.header.client_id ? *r.header.client_id : text(),
          .client_host = text("/" + r.client->address),
          .fresh = with.state.new_uuid()};
}

group_answer mapped(groups_of_shard::result got) {
  if (!got) return std::unexpected(code_of(got.error()));
  return *std::move(got);
}

}  // namespace

seastar::future<group_answer> ask_coordinator(services& with, const request& r,
                                              std::string_view group, group::request in) {
  co_return mapped(co_await with.groups.ask(group, whole(with, r, std::move(in)), r.body.size()));
}

seastar::future<group_answer> ask_coordinator(services& with, const request& r,
                                              std::int32_t partition, group::request in,
                                              std::optional<verification> verified) {
  auto asked = whole(with, r, std::move(in));
  asked.verified = verified;
  co_return mapped(co_await with.groups.ask_partition(partition, std::move(asked), r.body.size()));
}

std::vector<std::int32_t> led_offsets_partitions(const services& with) {
  std::vector<std::int32_t> out;
  const auto* t = with.groups.found();
  if (!t) return out;
  for (std::size_t p = 0; p < t->partitions.size(); ++p) {
    const partition_key key{t->id, static_cast<std::int32_t>(p)};
    if (with.state.leader_of(key).node == with.state.settings().self) out.push_back(key.partition);
  }
  return out;
}

void own_bytes(request& r) {
  static constexpr std::size_t copied_max = 1 << 20;
  if (r.body.size() > copied_max) return;
  const auto copied = r.body.str();
  r.body = fragments::copy(copied);
}

}  // namespace weir::edge
