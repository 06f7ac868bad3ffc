#pragma once
// A request about one group, on its way to the group's coordinator and back.
#include <seastar/core/coroutine.hh>

#include <expected>

#include "core/base/check.h"
#include "core/codec/error_code.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/request.h"
#include "edge/kafka/services.h"
#include "engine/runtime/unless_aborted.h"

namespace weir::edge {

using group_answer = std::expected<group::answer, kafka::error_code>;

// Asks the coordinator in `partition` of the offsets' topic, or that of `group`.
seastar::future<group_answer> ask_coordinator(services& with, const request& r,
                                              std::string_view group, group::request in);
seastar::future<group_answer> ask_coordinator(services& with, const request& r,
                                              std::int32_t partition, group::request in,
                                              std::optional<verification> verified = {});
// The partitions of the offsets' topic that this broker leads.
std::vector<std::int32_t> led_offsets_partitions(const services& with);

// The answer of the type that belongs to the request, or `in`'s refusal.
template <typename Response>
Response taken(group_answer got, const group::request& in, std::int16_t version) {
  auto whole = got ? *std::move(got) : group::refusal(in, version, got.error());
  auto* out = std::get_if<Response>(&whole);
  weir_check(out != nullptr, "a coordinator answered with alternative {}", whole.index());
  return std::move(*out);
}

// A request about one group as it came: what it says is decoded again where it was refused without
// having reached the coordinator.
template <typename Request, typename Response>
seastar::future<Response> ask_as_it_came(services& with, const request& r, Request in) {
  const auto group = in.group_id;
  auto got = co_await ask_coordinator(with, r, group.view(), std::move(in));
  group::request again;
  if (!got) again = decode<Request>(r);
  co_return taken<Response>(std::move(got), again, r.header.version);
}

// Members' metadata stays with the coordinator: the request gets bytes of its own, in place of the
// socket's buffers that it would keep.
void own_bytes(request& r);

template <typename Request, typename Response>
seastar::future<answer> serve_group(services& with, request r) {
  own_bytes(r);
  auto in = decode<Request>(r);
  auto out = co_await ask_as_it_came<Request, Response>(with, r, std::move(in));
  if constexpr (requires { out.error; }) with.meters.failed(out.error);
  co_return encode(r, out);
}

// The same for requests that wait for other members. A client that leaves meanwhile stays a member
// as long as its session lasts, as in Kafka; its connection does not.
template <typename Request, typename Response>
seastar::future<answer> serve_waiting(services& with, request r) {
  if (r.waits_for_others) r.waits_for_others();
  auto* gone = r.gone;
  r.waits_for_others = r.next_may_start = nullptr;  // what they keep alive is not to wait
  r.hold_until_written = nullptr;
  const auto asked = [](services& w, request own) -> seastar::future<answer> {
    const auto held = w.background.hold();
    co_return co_await serve_group<Request, Response>(w, std::move(own));
  };
  auto got = co_await unless_aborted(*gone, asked(with, std::move(r)));
  co_return got ? std::move(*got) : std::nullopt;
}

}  // namespace weir::edge
