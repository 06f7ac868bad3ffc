#include <CLI/CLI.hpp>
#include <algorithm>
#include <format>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

struct broker_state {
  std::int32_t id;
  std::string host;
  int port;
  std::string rack;
  std::size_t leads = 0;  // partitions
  std::size_t holds = 0;  // replicas of partitions
};

struct cluster_state {
  std::string id;
  std::int32_t controller = -1;
  std::vector<broker_state> brokers;
  std::size_t topics = 0;
  std::size_t internal_topics = 0;
  std::size_t partitions = 0;
  std::size_t without_leader = 0;
  std::size_t under_replicated = 0;
};

void count_topics(client& c, cluster_state& out) {
  auto broker = [&](std::int32_t id, auto count) {
    const auto it = std::ranges::find(out.brokers, id, &broker_state::id);
    if (it != out.brokers.end()) ++((*it).*count);
  };
  for (const auto& topic : describe_listed(c, topic_names(c))) {
    ++(topic.internal ? out.internal_topics : out.topics);
    out.partitions += topic.partitions.size();
    out.without_leader += topic.without_leader();
    out.under_replicated += topic.under_replicated();
    for (const auto& partition : topic.partitions) {
      broker(partition.leader, &broker_state::leads);
      for (const auto id : partition.replicas) broker(id, &broker_state::holds);
    }
  }
}

cluster_state describe_cluster(client& c) {
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, "describe the cluster",
                           [](auto* handle, auto* options, auto* queue) {
                             rd_kafka_DescribeCluster(handle, options, queue);
                           });
  const auto* result = rd_kafka_event_DescribeCluster_result(event.get());
  cluster_state out;
  const char* id = rd_kafka_DescribeCluster_result_cluster_id(result);
  out.id = id == nullptr ? "" : id;
  const auto* controller = rd_kafka_DescribeCluster_result_controller(result);
  if (controller != nullptr) out.controller = rd_kafka_Node_id(controller);
  std::size_t count = 0;
  const auto** nodes = rd_kafka_DescribeCluster_result_nodes(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* rack = rd_kafka_Node_rack(nodes[i]);
    out.brokers.push_back({rd_kafka_Node_id(nodes[i]), rd_kafka_Node_host(nodes[i]),
                           rd_kafka_Node_port(nodes[i]), rack == nullptr ? "" : rack});
  }
  std::ranges::sort(out.brokers, {}, &broker_state::id);
  count_topics(c, out);
  return out;
}

json to_json(const cluster_state& cluster) {
  json brokers = json::array();
  for (const auto& b : cluster.brokers) {
    brokers.push_back({{"id", b.id},
                       {"host", b.host},
                       {"port", b.port},
                       {"rack", b.rack.empty() ? json(nullptr) : json(b.rack)},
                       {"leads", b.leads},
                       {"replicas", b.holds}});
  }
  return {{"cluster_id", cluster.id},
          {"controller", cluster.controller < 0 ? json(nullptr) : json(cluster.controller)},
          {"brokers", brokers},
          {"topics", cluster.topics},
          {"internal_topics", cluster.internal_topics},
          {"partitions", cluster.partitions},
          {"partitions_without_leader", cluster.without_leader},
          {"partitions_under_replicated", cluster.under_replicated}};
}

void cluster_info(const settings& s) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  const auto cluster = describe_cluster(c);
  if (s.as_json) {
    print_json(to_json(cluster));
    return;
  }
  print(std::format("cluster     {}\n", cluster.id.empty() ? "(no id)" : cluster.id));
  print(std::format("controller  {}\n", cluster.controller < 0
                                            ? "none at the moment"
                                            : std::to_string(cluster.controller)));
  print(std::format("topics      {} and {} internal\n", cluster.topics, cluster.internal_topics));
  print(std::format("partitions  {}, {} without a leader, {} under-replicated\n\n",
                    cluster.partitions, cluster.without_leader, cluster.under_replicated));
  table brokers({{"BROKER", align::right},
                 {"ADDRESS"},
                 {"RACK"},
                 {"LEADS", align::right},
                 {"REPLICAS", align::right}});
  for (const auto& b : cluster.brokers) {
    brokers.add({std::to_string(b.id), std::format("{}:{}", b.host, b.port), b.rack,
                 std::to_string(b.leads), std::to_string(b.holds)});
  }
  print(brokers.text(wants_bold()));
}

}  // namespace

void add_cluster_commands(commands& to) {
  CLI::App& cluster =
      to.group("cluster", "Look at the cluster as a whole, and change who is in it");
  to.add(cluster,
         {"info", "Show the cluster's id, its brokers, and how many topics and partitions it has",
          "cluster info [OPTIONS]",
          "LEADS and REPLICAS count the partitions that a broker leads and holds.\n\n"
          "Examples:\n"
          "  weir cluster info\n"
          "  weir cluster info -b db1:9092,db2:9092\n"
          "  weir cluster info --json | jq .partitions_under_replicated\n"},
         [&s = to.shared()] { cluster_info(s); });
  add_cluster_views(to, cluster);
  add_cluster_changes(to, cluster);
}

}  // namespace weir::cli
