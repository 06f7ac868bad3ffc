// DeleteTopics, by name or by id (KIP-516).
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>
#include <set>

#include "core/codec/delete_topics.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_topic = kafka::delete_topics_response::response;

seastar::future<> remove(services& with, told_topic& told, bool by_id, bool repeated) {
  const auto refuse = [&](error_code code, std::string_view message = {}) {
    told.error = code;
    told.error_message =
        text(std::string(message.empty() ? kafka::describe(code).message : message));
    with.meters.failed(code);
  };
  if (!with.state.options().topics_delete_enabled) {
    refuse(error_code::topic_deletion_disabled);
    co_return;
  }
  if (repeated) {
    refuse(error_code::invalid_request, by_id ? "Duplicate topic id." : "Duplicate topic name.");
    co_return;
  }
  if (by_id == told.name.has_value()) {
    refuse(error_code::invalid_request, by_id ? "You may not specify both topic name and topic id."
                                              : "Neither topic name nor id were specified.");
    co_return;
  }
  const auto* t = by_id ? with.state.catalog().find(told.topic_id)
                        : with.state.catalog().find(told.name->view());
  if (!t) {
    refuse(by_id ? error_code::unknown_topic_id : error_code::unknown_topic_or_partition);
    co_return;
  }
  told.name = text(t->name);
  told.topic_id = t->id;
  stored::topic_deleted gone;
  gone.topic_id = t->id;
  const auto done = co_await with.state.execute(std::move(gone));
  if (!done) refuse(code_of(done.error()));
}

// Leaves each topic once, and says which were there several times: those are not deleted.
std::set<std::size_t> drop_repeated(kafka::delete_topics_response& out) {
  std::map<std::pair<std::string, uuid>, std::size_t> seen;
  std::set<std::size_t> repeated;
  decltype(out.responses) once;
  for (auto& told : out.responses) {
    const bool named = told.name || !told.topic_id.is_zero();
    const auto [at, fresh] = seen.try_emplace(
        {told.name ? told.name->str() : std::string(), told.topic_id}, once.size());
    if (fresh || !named) {
      once.push_back(std::move(told));
    } else {
      repeated.insert(at->second);
    }
  }
  out.responses = std::move(once);
  return repeated;
}

seastar::future<kafka::delete_topics_response> remove_all(services& with, const request& r,
                                                          kafka::delete_topics_request in) {
  kafka::delete_topics_response out;
  if (r.header.version < 6) {
    for (auto& name : in.topic_names) out.responses.emplace_back().name = std::move(name);
  } else {
    for (auto& t : in.topics) {
      auto& told = out.responses.emplace_back();
      told.name = std::move(t.name);
      told.topic_id = t.topic_id;
    }
  }
  const auto repeated = drop_repeated(out);
  for (std::size_t i = 0; i < out.responses.size(); ++i) {
    auto& told = out.responses[i];
    const bool by_id = !told.topic_id.is_zero();
    co_await remove(with, told, by_id, repeated.contains(i));
    co_await seastar::coroutine::maybe_yield();
  }
  co_return out;
}

}  // namespace

seastar::future<answer> delete_topics(services& with, request r) {
  return serve<kafka::delete_topics_request, &remove_all>(with, std::move(r));
}

}  // namespace weir::edge
