// Metadata: who leads what, and where to reach them. May create topics that are asked for.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>
#include <set>

#include "core/codec/metadata.h"
#include "edge/kafka/authorized.h"
#include "edge/kafka/brokers_up.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/partition_facts.h"
#include "edge/kafka/topic_creation.h"
#include "edge/kafka/topic_names.h"
#include "engine/coordinator/internal_topics.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_topic = kafka::metadata_response::topic;

void describe(const services& with, const catalog::topic& t, const broken_partitions& broken,
              bool operations, told_topic& out) {
  out.name = text(t.name);
  out.topic_id = t.id;
  out.is_internal = is_internal_topic(t.name);
  if (operations) out.topic_authorized_operations = topic_operations;
  for (std::size_t i = 0; i < t.partitions.size(); ++i) {
    auto& p = out.partitions.emplace_back();
    p.partition_index = static_cast<std::int32_t>(i);
    describe_partition(with.state, t, broken, p);
  }
}

void refuse(services& with, told_topic& out, error_code code) {
  out.error = code;
  with.meters.failed(code);
}

// No topic of this name can be made: another one would be the same in metrics.
bool collides(const services& with, std::string_view name) {
  return name.find_first_of("._") != std::string_view::npos &&
         std::ranges::any_of(with.state.catalog().topics(), [name](const auto& other) {
           return topic_names_collide(name, other.first);
         });
}

// Names to create, where that is allowed.
seastar::future<> create_missing(services& with, const kafka::metadata_request& in) {
  std::vector<std::string> missing;
  for (const auto& asked : *in.topics) {
    if (!asked.topic_id.is_zero() || !asked.name) continue;
    const auto name = asked.name->view();
    if (!topic_name_fault(name) && !with.state.catalog().find(name)) missing.emplace_back(name);
  }
  for (auto& name : missing) {
    co_await seastar::coroutine::maybe_yield();
    if (collides(with, name)) continue;  // looked at here: the one before may be the other
    // Asked for twice, or created by somebody else meanwhile: then it is there.
    if (const auto plan = default_topic(with.state, std::move(name)))
      (void)co_await create(with, *plan, with.state.new_uuid());
  }
}

const catalog::topic* find(const services& with, const kafka::metadata_request::topic& asked) {
  return asked.topic_id.is_zero() ? with.state.catalog().find(asked.name->view())
                                  : with.state.catalog().find(asked.topic_id);
}

// As Kafka does, topics are looked for by id where any has one, else by name; and each is answered
// once: a small request could ask for an answer of any size.
void drop_repeated(kafka::metadata_request& in) {
  std::set<std::pair<std::string_view, uuid>> seen;
  chunked_vector<kafka::metadata_request::topic> once;
  const bool by_id =
      std::ranges::any_of(*in.topics, [](const auto& t) { return !t.topic_id.is_zero(); });
  for (auto& asked : *in.topics) {
    if (by_id) asked.name.reset();
    if (by_id && asked.topic_id.is_zero()) continue;
    const auto name = asked.name ? asked.name->view() : std::string_view();
    if (seen.emplace(name, asked.topic_id).second) once.push_back(asked);
  }
  in.topics = std::move(once);
}

seastar::future<> describe_all(services& with, const broken_partitions& broken, bool operations,
                               kafka::metadata_response& out) {
  std::vector<uuid> ids;
  for (const auto& [name, t] : with.state.catalog().topics()) ids.push_back(t->id);
  for (const auto& id : ids) {
    // One that was deleted meanwhile is not told of.
    if (const auto* t = with.state.catalog().find(id))
      describe(with, *t, broken, operations, out.topics.emplace_back());
    co_await seastar::coroutine::maybe_yield();
  }
}

void tell_cluster(const services& with, const kafka::metadata_request& in,
                  kafka::metadata_response& out) {
  for (const auto& known : brokers_up(with.state)) {
    auto& broker = out.brokers.emplace_back();
    broker.node_id = known.node.value();
    broker.host = text(known.at.host);
    broker.port = known.at.port;
    if (!known.rack.empty()) broker.rack = text(known.rack);
  }
  out.cluster_id = text(with.state.catalog().cluster_id().str());
  out.controller_id = controller_told(with.state);
  if (in.include_cluster_authorized_operations)
    out.cluster_authorized_operations = cluster_operations;
}

seastar::future<kafka::metadata_response> tell(services& with, const request& r,
                                               kafka::metadata_request in) {
  const auto version = r.header.version;
  kafka::metadata_response out;
  // In version 0 none means all; later none means none and null means all.
  const bool all = !in.topics || (version == 0 && in.topics->empty());
  const bool may_create = version < 4 || in.allow_auto_topic_creation;
  const bool creates = !all && may_create && with.state.options().topics_auto_create;
  if (!all) drop_repeated(in);
  if (creates) co_await create_missing(with, in);

  std::vector<partition_key> keys;
  const auto want = [&](const catalog::topic& t) {
    for (std::size_t i = 0; i < t.partitions.size(); ++i)
      keys.push_back({t.id, static_cast<std::int32_t>(i)});
  };
  if (all) {
    for (const auto& [name, t] : with.state.catalog().topics()) want(*t);
  } else {
    for (const auto& asked : *in.topics) {
      if (!asked.name && asked.topic_id.is_zero()) continue;
      if (const auto* t = find(with, asked)) want(*t);
    }
  }
  co_await await_elections(with, r, keys);
  tell_cluster(with, in, out);
  const auto broken = co_await find_broken(with, std::move(keys));

  const bool operations = in.include_topic_authorized_operations;
  if (all) {
    co_await describe_all(with, broken, operations, out);
    co_return out;
  }
  for (const auto& asked : *in.topics) {
    co_await seastar::coroutine::maybe_yield();
    auto& told = out.topics.emplace_back();
    // Before version 12 a topic can be asked for without a name, but not answered so.
    if (asked.name || version >= 12) told.name = asked.name;
    told.topic_id = asked.topic_id;
    const bool by_id = !asked.topic_id.is_zero();
    if (!by_id && operations) told.topic_authorized_operations = topic_operations;
    if (!by_id && !asked.name) {
      refuse(with, told, error_code::invalid_request);
    } else if (!by_id && topic_name_fault(asked.name->view())) {
      refuse(with, told, error_code::invalid_topic_exception);
    } else if (const auto* t = find(with, asked)) {
      describe(with, *t, broken, operations, told);
    } else if (!by_id && creates && collides(with, asked.name->view())) {
      refuse(with, told, error_code::invalid_topic_exception);
    } else {
      refuse(with, told,
             by_id ? error_code::unknown_topic_id : error_code::unknown_topic_or_partition);
      if (by_id && version >= 12) told.name.reset();
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> metadata(services& with, request r) {
  return serve<kafka::metadata_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
