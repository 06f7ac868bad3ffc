#include "engine/coordinator/share_persister.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include <map>

#include "core/base/check.h"
#include "engine/cluster/calls.h"
#include "engine/coordinator/internal_topics.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using kafka::error_code;

constexpr auto call_patience = 10s;
// A topic that was just made has leaders soon; one whose leader is lost, within an election.
constexpr auto patience = 10s;
constexpr auto pause_first = 20ms;
constexpr auto pause_max = 1s;

error_code code_of(coordinator_error why) {
  switch (why) {
    case coordinator_error::loading:
      return error_code::coordinator_load_in_progress;
    case coordinator_error::not_here:
    case coordinator_error::no_topic:
      return error_code::not_coordinator;
    case coordinator_error::crowded:
    case coordinator_error::no_space:
    case coordinator_error::invalid_producer_epoch:
    case coordinator_error::invalid_transaction:
      return error_code::coordinator_not_available;
  }
  weir_check(false, "coordinator error {}", static_cast<int>(why));
}

template <typename Request>
struct method_of;
template <>
struct method_of<kafka::initialize_share_group_state_request> {
  static constexpr auto value = calls::initialize_share_state;
};
template <>
struct method_of<kafka::read_share_group_state_request> {
  static constexpr auto value = calls::read_share_state;
};
template <>
struct method_of<kafka::write_share_group_state_request> {
  static constexpr auto value = calls::write_share_state;
};
template <>
struct method_of<kafka::delete_share_group_state_request> {
  static constexpr auto value = calls::delete_share_state;
};
template <>
struct method_of<kafka::read_share_group_state_summary_request> {
  static constexpr auto value = calls::summarize_share_state;
};

// A late copy of one that begins or ends a state would do so again; all others may come twice.
template <typename Request>
constexpr bool may_come_twice =
    !std::is_same_v<Request, kafka::initialize_share_group_state_request> &&
    !std::is_same_v<Request, kafka::delete_share_group_state_request>;

template <typename Request, typename Response>
Response refusal(const Request& asked, error_code why) {
  Response out;
  for (const auto& topic : asked.topics) {
    auto& to = out.results.emplace_back();
    to.topic_id = topic.topic_id;
    for (const auto& p : topic.partitions) {
      auto& result = to.partitions.emplace_back();
      result.partition = p.partition;
      result.error = why;
      result.error_message = text::unowned(kafka::describe(why).message);
    }
  }
  return out;
}

bool comes_later(error_code code) {
  return code == error_code::not_coordinator || code == error_code::coordinator_load_in_progress ||
         code == error_code::coordinator_not_available;
}

// Whether the whole of it is to be asked again: a coordinator that is not there is there for none.
template <typename Response>
bool all_come_later(const Response& r) {
  for (const auto& topic : r.results) {
    for (const auto& p : topic.partitions) {
      if (!comes_later(p.error)) return false;
    }
  }
  return true;
}

// One request for each coordinator that it is for.
template <typename Request>
seastar::future<std::map<std::int32_t, Request>> split(const share_states_of_shard& all,
                                                       Request in) {
  std::map<std::int32_t, Request> parts;
  for (auto& topic : in.topics) {
    for (auto& p : topic.partitions) {
      const auto name = share_state_name(in.group_id.view(), topic.topic_id, p.partition);
      auto& part = parts[all.partition_of(name).value_or(0)];
      part.group_id = in.group_id;
      if (part.topics.empty() || part.topics.back().topic_id != topic.topic_id)
        part.topics.emplace_back().topic_id = topic.topic_id;
      part.topics.back().partitions.push_back(std::move(p));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return parts;
}

}  // namespace

share_persister::share_persister(seastar::sharded<cluster>& where,
                                 seastar::sharded<peer::peer_links>& links,
                                 seastar::sharded<share_states_of_shard>& coordinators)
    : where_(where), links_(links), coordinators_(coordinators) {}

seastar::future<> share_persister::halt() {
  if (std::exchange(halted_, true)) return seastar::make_ready_future<>();
  return fibers_.stop();
}

template <typename Request, typename Response>
void share_persister::serve_one(std::int32_t method) {
  links_.local().serve(method, [this](node_id, fragments payload) {
    return ask_here<Request, Response>(calls::decode<Request>(payload))
        .then([](const Response& told) { return calls::encode(told); });
  });
}

void share_persister::start() {
  serve_one<kafka::initialize_share_group_state_request,
            kafka::initialize_share_group_state_response>(calls::initialize_share_state);
  serve_one<kafka::read_share_group_state_request, kafka::read_share_group_state_response>(
      calls::read_share_state);
  serve_one<kafka::write_share_group_state_request, kafka::write_share_group_state_response>(
      calls::write_share_state);
  serve_one<kafka::delete_share_group_state_request, kafka::delete_share_group_state_response>(
      calls::delete_share_state);
  serve_one<kafka::read_share_group_state_summary_request,
            kafka::read_share_group_state_summary_response>(calls::summarize_share_state);
}

template <typename Request, typename Response>
seastar::future<Response> share_persister::ask(Request in) {
  if (fibers_.stopping())
    co_return refusal<Request, Response>(in, error_code::coordinator_not_available);
  const auto held = fibers_.hold();
  if (!coordinators_.local().found())
    co_await make_internal_topic(where_.local(), internal_topic::share_states);
  auto parts = co_await split(coordinators_.local(), std::move(in));
  Response out;
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      parts, [&](auto& part) -> seastar::future<> {
        auto told = co_await ask_one<Request, Response>(part.first, std::move(part.second));
        for (auto& topic : told.results) out.results.push_back(std::move(topic));
      });
  co_return out;
}

template <typename Request, typename Response>
seastar::future<Response> share_persister::ask_one(std::int32_t coordinator, Request part) {
  const auto until = seastar::lowres_clock::now() + patience;
  std::chrono::milliseconds pause = pause_first;
  while (true) {
    auto told = co_await ask_once<Request, Response>(coordinator, part);
    if (!all_come_later(told) || seastar::lowres_clock::now() + pause >= until) co_return told;
    if (co_await fibers_.stopped_within(pause)) co_return told;
    pause = std::min<std::chrono::milliseconds>(pause * 2, pause_max);
  }
}

template <typename Request, typename Response>
seastar::future<Response> share_persister::ask_once(std::int32_t coordinator, const Request& part) {
  const auto* t = coordinators_.local().found();
  const auto leader = t ? where_.local().leader_of({t->id, coordinator}).node : catalog::no_node;
  if (leader == where_.local().settings().self)
    co_return co_await ask_here<Request, Response>(part);
  if (leader == catalog::no_node)
    co_return refusal<Request, Response>(part, error_code::coordinator_not_available);
  const auto got = co_await links_.local().call(leader, seastar::this_shard_id(),
                                                method_of<Request>::value, calls::encode(part),
                                                seastar::lowres_clock::now() + call_patience);
  if (got) co_return calls::decode<Response>(*got);
  const bool perhaps =
      got.error() == peer::call_error::timed_out || got.error() == peer::call_error::failed;
  co_return refusal<Request, Response>(part, perhaps && !may_come_twice<Request>
                                                 ? error_code::request_timed_out
                                                 : error_code::coordinator_not_available);
}

// A partition's coordinator is told by its name again: whoever asks may know another topic.
template <typename Request, typename Response>
seastar::future<Response> share_persister::ask_here(Request in) {
  Response out;
  auto parts = co_await split(coordinators_.local(), std::move(in));
  for (auto& [coordinator, part] : parts) {
    auto got = co_await coordinators_.local().ask_partition(coordinator, part,
                                                            part.topics.size() * sizeof(part));
    if (!got) {
      auto refused = refusal<Request, Response>(part, code_of(got.error()));
      for (auto& topic : refused.results) out.results.push_back(std::move(topic));
      continue;
    }
    auto* told = std::get_if<Response>(&*got);
    weir_check(told != nullptr, "a share coordinator answered with alternative {}", got->index());
    for (auto& topic : told->results) out.results.push_back(std::move(topic));
  }
  co_return out;
}

template seastar::future<kafka::initialize_share_group_state_response> share_persister::ask(
    kafka::initialize_share_group_state_request);
template seastar::future<kafka::read_share_group_state_response> share_persister::ask(
    kafka::read_share_group_state_request);
template seastar::future<kafka::write_share_group_state_response> share_persister::ask(
    kafka::write_share_group_state_request);
template seastar::future<kafka::delete_share_group_state_response> share_persister::ask(
    kafka::delete_share_group_state_request);
template seastar::future<kafka::read_share_group_state_summary_response> share_persister::ask(
    kafka::read_share_group_state_summary_request);

}  // namespace weir
