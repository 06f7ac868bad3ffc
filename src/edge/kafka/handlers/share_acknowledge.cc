// ShareAcknowledge: what became of records that a member of a share group got (KIP-932).
#include "core/codec/share_acknowledge.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/share_requests.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using message = kafka::share_acknowledge_request;
using response = kafka::share_acknowledge_response;

response::partition told(const share_said& said) {
  response::partition out;
  out.partition_index = said.key.partition;
  out.error = said.fault.code;
  out.error_message = message_of_fault(said.fault);
  return out;
}

seastar::future<response> acknowledge(services& with, const request& r, message in) {
  response out;
  const auto refuse = [&](error_code code) {
    with.meters.failed(code);
    out.error = code;
  };
  if (!in.group_id || !in.member_id || in.member_id->empty()) {
    refuse(error_code::invalid_request);
    co_return out;
  }
  const share_reader by{.group = in.group_id->str(), .member = in.member_id->str()};
  auto turn = co_await take_turn(
      with, r,
      {.key = {by.group, by.member}, .epoch = in.share_session_epoch, .named = {}, .forgotten = {}},
      false);
  if (!turn) {
    refuse(turn.error());
    co_return out;
  }
  auto said = acknowledgements_of(in.topics, in.is_renew_ack);
  co_await say_all(with, by, said);
  if (turn->ended) co_await with.shares.release(by, std::move(turn->touched));
  out.acquisition_lock_timeout_ms = with.shares.rules_of(by.group).deliveries.lock_duration_ms;
  for (const auto& one : said) {
    if (out.responses.empty() || out.responses.back().topic_id != one.key.topic_id)
      out.responses.emplace_back().topic_id = one.key.topic_id;
    auto& to = out.responses.back().partitions;
    to.push_back(told(one));
    if (one.fault.code == error_code::not_leader_or_follower)
      tell_leader(with.state, one.key, to.back(), out);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> share_acknowledge(services& with, request r) {
  own_bytes(r);
  return serve<message, &acknowledge>(with, std::move(r));
}

}  // namespace weir::edge
