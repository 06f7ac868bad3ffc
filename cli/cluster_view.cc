// How the cluster is, by a broker's admin interface.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <format>
#include <memory>

#include "cli/admin_option.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/http.h"
#include "cli/table.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

std::string joined(const json& ids) {
  std::string out;
  for (const auto& id : ids) out += (out.empty() ? "" : ", ") + std::to_string(id.get<int>());
  return out;
}

void list_partitions(const json& health, const char* name, const char* title) {
  const auto& some = health[std::string(name) + "_partitions"];
  if (some.empty()) return;
  print(std::format("\n{}\n", title));
  for (const auto& p : some)
    print(std::format("  {} {}\n", p["topic"].get<std::string>(), p["partition"].get<int>()));
  const auto count = health[std::string(name) + "_count"].get<std::size_t>();
  if (count > some.size()) print(std::format("  and {} more\n", count - some.size()));
}

void print_health(const json& h) {
  std::string why;
  for (auto reason : h["unhealthy_reasons"].get<std::vector<std::string>>()) {
    std::ranges::replace(reason, '_', ' ');
    why += (why.empty() ? "" : ", ") + reason;
  }
  print(std::format("healthy      {}\n", h["is_healthy"].get<bool>() ? "yes" : "NO: " + why));
  const auto& down = h["nodes_down"];
  print(std::format("brokers      {}, {}\n", h["all_nodes"].size(),
                    down.empty() ? "all up" : "down: " + joined(down)));
  const auto controller = h["controller_id"].get<int>();
  print(std::format("controller   {}\n",
                    controller < 0 ? "none at the moment" : std::to_string(controller)));
  print(std::format(
      "partitions   {}, {} without a leader, {} without a majority, {} under-replicated, {} "
      "moving\n",
      h["partitions"].get<std::size_t>(), h["leaderless_count"].get<std::size_t>(),
      h["offline_count"].get<std::size_t>(), h["under_replicated_count"].get<std::size_t>(),
      h["reassigning_count"].get<std::size_t>()));
  if (const auto& away = h["nodes_in_maintenance"]; !away.empty())
    print(std::format("maintenance  broker {}\n", joined(away)));
  for (const auto& d : h["decommissions"])
    print(std::format(
        "leaving      broker {}: {} left, {} of them moving\n", d["node_id"].get<int>(),
        counted(d["replicas_left"].get<std::size_t>(), "replica"), d["moving"].get<std::size_t>()));
  list_partitions(h, "leaderless", "without a leader:");
  list_partitions(h, "offline", "without a majority of their replicas:");
  list_partitions(h, "under_replicated", "under-replicated:");
}

void health(const settings& s, const std::string& admin, bool exit_code) {
  const auto h = admin_client(s, admin).ask("GET", "/v1/cluster/health_overview");
  s.as_json ? print_json(h) : print_health(h);
  if (exit_code && !h["is_healthy"].get<bool>()) throw failure("the cluster is not healthy");
}

std::string state_of(const json& broker) {
  if (!broker["is_alive"].get<bool>()) return "down";
  if (broker["membership_status"] == "draining") return "leaving";
  return broker["maintenance_status"]["draining"].get<bool>() ? "maintenance" : "up";
}

void brokers(const settings& s, const std::string& admin) {
  const auto all = admin_client(s, admin).ask("GET", "/v1/brokers");
  if (s.as_json) return print_json(all);
  table t({{"BROKER", align::right},
           {"ADDRESS"},
           {"RACK"},
           {"STATE"},
           {"LEADS", align::right},
           {"REPLICAS", align::right},
           {"CORES", align::right},
           {"DISK FREE", align::right},
           {"VERSION"}});
  for (const auto& b : all) {
    std::string free;
    if (b.contains("disk_space") && b["disk_space"]["total"].get<double>() > 0)
      free = std::format("{:.0f}%", 100 * b["disk_space"]["free"].get<double>() /
                                        b["disk_space"]["total"].get<double>());
    const auto id = std::to_string(b["node_id"].get<int>());
    t.add({b["is_controller"].get<bool>() ? "*" + id : id, b["kafka_address"], b["rack"],
           state_of(b), std::to_string(b["leaders"].get<std::size_t>()),
           std::to_string(b["replicas"].get<std::size_t>()),
           std::to_string(b["num_cores"].get<int>()), free, b["version"]});
  }
  print(t.text(wants_bold()));
}

// "1,2,3", and which of them lack something: "2 down, 3 behind".
std::pair<std::string, std::string> replicas_of(const json& partition) {
  std::pair<std::string, std::string> out;
  for (const auto& r : partition["replicas"]) {
    const auto id = std::to_string(r["node_id"].get<int>());
    out.first += (out.first.empty() ? "" : ",") + id;
    const bool up = r["is_alive"].get<bool>();
    if (up && !r["is_behind"].get<bool>()) continue;
    out.second += (out.second.empty() ? "" : ", ") + id + (up ? " behind" : " down");
  }
  return out;
}

void partitions(const settings& s, const std::string& admin, const std::string& topic, bool bad) {
  auto all = admin_client(s, admin).ask(
      "GET", "/v1/cluster/partitions" + (topic.empty() ? "" : "?topic=" + percent_encoded(topic)));
  if (bad) {
    json kept = json::array();
    for (auto& p : all) {
      if (p["status"] != "ok") kept.push_back(std::move(p));
    }
    all = std::move(kept);
  }
  if (s.as_json) return print_json(all);
  table t({{"TOPIC"},
           {"PARTITION", align::right},
           {"LEADER", align::right},
           {"EPOCH", align::right},
           {"REPLICAS"},
           {"TARGET"},
           {"NOT IN SYNC"},
           {"STATUS"}});
  for (const auto& p : all) {
    const auto leader = p["leader_id"].get<int>();
    const auto [replicas, lacking] = replicas_of(p);
    auto status = p["status"].get<std::string>();
    std::ranges::replace(status, '_', ' ');
    t.add({p["topic"], std::to_string(p["partition"].get<int>()),
           leader < 0 ? "" : std::to_string(leader), std::to_string(p["leader_epoch"].get<int>()),
           replicas, joined(p["target"]), lacking, status});
  }
  print(t.text(wants_bold()));
}

void safe_to_stop(const settings& s, const std::string& admin, int id) {
  const auto r =
      admin_client(s, admin).ask("GET", std::format("/v1/cluster/safe_to_stop?broker={}", id));
  const bool safe = r["safe"].get<bool>();
  if (s.as_json) {
    print_json(r);
  } else if (safe) {
    print(std::format("broker {} can stop; leaders that have to be elected elsewhere: {}\n", id,
                      r["leaders"].get<std::size_t>()));
  } else {
    for (const auto& p : r["without_majority"])
      print(std::format("{} {} would have no majority\n", p["topic"].get<std::string>(),
                        p["partition"].get<int>()));
  }
  if (!safe)
    throw failure(
        std::format("broker {} should not stop now: {} could not be written to", id,
                    counted(r["without_majority_count"].get<std::size_t>(), "partition")));
}

void add_health(commands& to, CLI::App& cluster) {
  const auto admin = std::make_shared<std::string>();
  const auto exit_code = std::make_shared<bool>(false);
  CLI::App& c =
      to.add(cluster,
             {"health", "Is every broker up, and every partition led and whole?",
              "cluster health [OPTIONS]",
              "Asks a broker's admin interface; it tells what that broker knows of all others.\n\n"
              "Examples:\n"
              "  weir cluster health\n"
              "  weir cluster health --admin db1:9644,db2:9644\n"
              "  weir cluster health --exit-code >/dev/null || page-somebody\n"},
             [&s = to.shared(), admin, exit_code] { health(s, *admin, *exit_code); });
  add_admin_option(c, *admin);
  c.add_flag("--exit-code", *exit_code, "End with 1 if the cluster is not healthy");
}

void add_lists(commands& to, CLI::App& cluster) {
  const auto admin = std::make_shared<std::string>();
  const auto topic = std::make_shared<std::string>();
  const auto bad = std::make_shared<bool>(false);
  const auto& s = to.shared();
  CLI::App& b = to.add(cluster,
                       {"brokers", "List the brokers: who is up, what they lead and hold",
                        "cluster brokers [OPTIONS]",
                        "* is the controller: it leads the cluster's own state.\n\n"
                        "Examples:\n"
                        "  weir cluster brokers\n"
                        "  weir cluster brokers --json | jq '.[] | select(.is_alive | not)'\n"},
                       [&s, admin] { brokers(s, *admin); });
  add_admin_option(b, *admin);
  CLI::App& p = to.add(cluster,
                       {"partitions", "List partitions: their leaders, and where their copies are",
                        "cluster partitions [OPTIONS] [TOPIC]",
                        "TARGET is where a partition is moving to.\n\n"
                        "Examples:\n"
                        "  weir cluster partitions flights\n"
                        "  weir cluster partitions --not-ok\n"},
                       [&s, admin, topic, bad] { partitions(s, *admin, *topic, *bad); });
  p.add_option("TOPIC", *topic, "Only this topic's")->type_name("");
  p.add_flag("--not-ok", *bad, "Only those that are not as they should be, or are moving");
  add_admin_option(p, *admin);
}

void add_safe_to_stop(commands& to, CLI::App& cluster) {
  const auto admin = std::make_shared<std::string>();
  const auto id = std::make_shared<int>(-1);
  CLI::App& c = to.add(cluster,
                       {"safe-to-stop", "Would every partition go on if this broker stopped now?",
                        "cluster safe-to-stop [OPTIONS] ID",
                        "Ends with 1 if not, so that a script can wait for it.\n\n"
                        "Examples:\n"
                        "  until weir cluster safe-to-stop 2; do sleep 1; done\n"},
                       [&s = to.shared(), admin, id] { safe_to_stop(s, *admin, *id); });
  add_broker_id(c, *id);
  add_admin_option(c, *admin);
}

}  // namespace

void add_admin_option(CLI::App& to, std::string& addresses) {
  to.add_option("--admin", addresses,
                "Admin interface of any broker; of several, the first one that answers.\n"
                "Default: $WEIR_ADMIN, else 127.0.0.1:9644")
      ->option_text("HOST:PORT,...");
}

CLI::Option& add_number(CLI::App& to, const char* name, int& number, const char* what) {
  return *to.add_option(name, number, what)->type_name("")->check([](const std::string& text) {
    const bool good = !text.empty() && text.size() < 10 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
    return good ? std::string() : std::format("'{}' is no number from 0 on", text);
  });
}

void add_broker_id(CLI::App& to, int& id) {
  add_number(to, "ID", id, "The broker's node id: weir cluster brokers").required();
}

void add_cluster_views(commands& to, CLI::App& cluster) {
  add_health(to, cluster);
  add_lists(to, cluster);
  add_safe_to_stop(to, cluster);
}

}  // namespace weir::cli
