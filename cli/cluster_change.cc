// Who is in the cluster and who leads what, by a broker's admin interface.
#include <CLI/CLI.hpp>
#include <format>
#include <memory>

#include "cli/admin_option.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/http.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

struct change_options {
  std::string admin;
  int id = -1;
  bool only_look = false;
  std::string on_or_off;
  std::string topic;
  int partition = -1;
  int to = -1;  // the broker chooses
};

void print_decommission(const json& d) {
  const auto id = d["node_id"].get<int>();
  if (!d["draining"].get<bool>()) {
    print(std::format("broker {} is not being decommissioned\n", id));
  } else if (d["finished"].get<bool>()) {
    print(std::format("broker {} has no replica left: stop it, then: weir cluster forget {}\n", id,
                      id));
  } else {
    print(std::format("broker {} is being decommissioned: {} left, {} of them moving\n", id,
                      counted(d["replicas_left"].get<std::size_t>(), "replica"),
                      d["moving"].get<std::size_t>()));
  }
  for (const auto& h : d["hindrances"]) {
    const auto& example = h["example"];
    print(std::format("{} can't be moved, such as {} {}: {}\n",
                      counted(h["partitions"].get<std::size_t>(), "partition"),
                      example["topic"].get<std::string>(), example["partition"].get<int>(),
                      h["explanation"].get<std::string>()));
  }
}

void decommission(const settings& s, const change_options& o) {
  const auto got =
      admin_client(s, o.admin)
          .ask(o.only_look ? "GET" : "PUT", std::format("/v1/brokers/{}/decommission", o.id));
  s.as_json ? print_json(got) : print_decommission(got);
}

void recommission(const settings& s, const change_options& o) {
  const auto got =
      admin_client(s, o.admin).ask("PUT", std::format("/v1/brokers/{}/recommission", o.id));
  if (s.as_json) return print_json(got);
  print(std::format("broker {} stays, and takes partitions and leaders again\n", o.id));
}

void maintenance(const settings& s, const change_options& o) {
  const bool on = o.on_or_off == "on";
  const auto got = admin_client(s, o.admin)
                       .ask(on ? "PUT" : "DELETE", std::format("/v1/brokers/{}/maintenance", o.id));
  if (s.as_json) return print_json(got);
  const auto leads = got["leaders"].get<std::size_t>();
  if (!on) {
    print(std::format("broker {} takes leaders again\n", o.id));
  } else if (leads == 0) {
    print(std::format("broker {} is in maintenance mode and leads nothing\n", o.id));
  } else {
    print(std::format("broker {} is in maintenance mode; partitions that it leads still: {}\n",
                      o.id, leads));
  }
}

void forget(const settings& s, const change_options& o) {
  const auto got = admin_client(s, o.admin).ask("DELETE", std::format("/v1/brokers/{}", o.id));
  if (s.as_json) return print_json(got);
  print(std::format("broker {} is no longer one of the cluster\n", o.id));
}

void transfer(const settings& s, const change_options& o) {
  auto path = std::format("/v1/partitions/kafka/{}/{}/transfer_leadership",
                          percent_encoded(o.topic), o.partition);
  if (o.to >= 0) path += std::format("?target={}", o.to);
  const auto got = admin_client(s, o.admin).ask("POST", path);
  if (s.as_json) return print_json(got);
  print(std::format("{} {} is led by broker {}, epoch {}\n", o.topic, o.partition,
                    got["leader_id"].get<int>(), got["leader_epoch"].get<int>()));
}

using action = void (*)(const settings&, const change_options&);

CLI::App& add(commands& to, CLI::App& cluster, const command_help& help,
              const std::shared_ptr<change_options>& o, action run) {
  CLI::App& c = to.add(cluster, help, [&s = to.shared(), o, run] { run(s, *o); });
  add_admin_option(c, o->admin);
  return c;
}

void add_decommission(commands& to, CLI::App& cluster) {
  const auto o = std::make_shared<change_options>();
  CLI::App& d =
      add(to, cluster,
          {"decommission", "Move all partitions off a broker, so that it can go for good",
           "cluster decommission [OPTIONS] ID",
           "Returns at once; the cluster moves the partitions, and tells what hinders it.\n"
           "When none is left: stop the broker, then weir cluster forget ID.\n\n"
           "Examples:\n"
           "  weir cluster decommission 4\n"
           "  weir cluster decommission 4 --status\n"
           "  weir cluster decommission 4 --status --json | jq .replicas_left\n"},
          o, decommission);
  add_broker_id(d, o->id);
  d.add_flag("--status", o->only_look, "Change nothing, tell how far it is");
  const auto r = std::make_shared<change_options>();
  add_broker_id(add(to, cluster,
                    {"recommission", "Call a decommission off: the broker stays",
                     "cluster recommission [OPTIONS] ID",
                     "What has moved already comes back as the cluster evens itself out.\n\n"
                     "Examples:\n"
                     "  weir cluster recommission 4\n"},
                    r, recommission),
                r->id);
  const auto f = std::make_shared<change_options>();
  add_broker_id(add(to, cluster,
                    {"forget", "Strike a broker that is gone for good off the list",
                     "cluster forget [OPTIONS] ID",
                     "It has to be down and to hold nothing: decommission it first.\n\n"
                     "Examples:\n"
                     "  weir cluster forget 4\n"},
                    f, forget),
                f->id);
}

void add_maintenance(commands& to, CLI::App& cluster) {
  const auto o = std::make_shared<change_options>();
  CLI::App& m =
      add(to, cluster,
          {"maintenance", "Move leaders off a broker before it is restarted, and back",
           "cluster maintenance [OPTIONS] on|off ID",
           "Its copies stay and go on following. Lasts over restarts, until it is off.\n\n"
           "Examples:\n"
           "  weir cluster maintenance on 2\n"
           "  until weir cluster safe-to-stop 2; do sleep 1; done\n"
           "  weir cluster maintenance off 2\n"},
          o, maintenance);
  m.add_option("on|off", o->on_or_off, "")
      ->type_name("")
      ->required()
      ->check([](const std::string& text) {
        return text == "on" || text == "off" ? std::string() : "write on or off";
      });
  add_broker_id(m, o->id);
}

void add_transfer(commands& to, CLI::App& cluster) {
  const auto o = std::make_shared<change_options>();
  CLI::App& t = add(to, cluster,
                    {"transfer", "Let another broker lead a partition",
                     "cluster transfer [OPTIONS] TOPIC PARTITION",
                     "The cluster evens leaders out by itself, and may move it again.\n\n"
                     "Examples:\n"
                     "  weir cluster transfer flights 0\n"
                     "  weir cluster transfer flights 0 --to 3\n"},
                    o, transfer);
  t.add_option("TOPIC", o->topic, "")->type_name("")->required();
  add_number(t, "PARTITION", o->partition, "").required();
  add_number(t, "--to", o->to,
             "The broker that is to lead. Default: the preferred one, else any other that can")
      .option_text("ID");
}

}  // namespace

void add_cluster_changes(commands& to, CLI::App& cluster) {
  add_maintenance(to, cluster);
  add_decommission(to, cluster);
  add_transfer(to, cluster);
}

}  // namespace weir::cli
