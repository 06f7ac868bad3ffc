#include <unistd.h>

#include <CLI/CLI.hpp>
#include <format>
#include <iostream>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

// Says what became of each topic; the first error ends the command, after all of them are said.
class outcome {
 public:
  explicit outcome(const settings& s) : settings_(s) {}

  void done(const std::string& topic, const std::string& what, const json& more = json::object()) {
    if (settings_.as_json) {
      json one = {{"topic", topic}, {"result", what}};
      one.update(more);
      list_.push_back(one);
    } else {
      print(std::format("{} {}\n", what, topic));
    }
  }

  void failed(const std::string& topic, const std::string& why) {
    if (settings_.as_json)
      list_.push_back({{"topic", topic}, {"result", "failed"}, {"error", why}});
    if (!first_failure_.empty()) std::cerr << "weir: " << first_failure_ << '\n';
    first_failure_ = why;
  }

  void finish() {
    if (settings_.as_json) print_json(list_);
    if (!first_failure_.empty()) throw failure(first_failure_);
  }

 private:
  const settings& settings_;
  json list_ = json::array();
  std::string first_failure_;  // not yet said
};

// `accept` is the error that counts as success, with `accepted` as its word.
void read_results(const rd_kafka_topic_result_t** results, std::size_t count, outcome& out,
                  const std::string& done, rd_kafka_resp_err_t accept,
                  const std::string& accepted) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_topic_result_name(results[i]);
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      out.done(name, done);
    } else if (code == accept) {
      out.done(name, accepted);
    } else {
      out.failed(name, explain_topic(name, code, rd_kafka_topic_result_error_string(results[i])));
    }
  }
}

struct create_options {
  std::vector<std::string> names;
  int partitions = -1;   // -1: the broker's default
  int replication = -1;  // the same
  std::vector<std::string> configs;
  bool accept_existing = false;
  bool dry_run = false;
};

void create(const settings& s, const create_options& o) {
  const pairs configs = read_pairs(o.configs, "-c");
  using new_topic = owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
  std::vector<new_topic> topics;
  std::vector<rd_kafka_NewTopic_t*> raw;
  for (const auto& name : o.names) {
    char why[256];
    topics.emplace_back(
        rd_kafka_NewTopic_new(name.c_str(), o.partitions, o.replication, why, sizeof why));
    if (!topics.back()) throw failure(std::format("topic {}: {}", name, why), exit_usage);
    raw.push_back(topics.back().get());
    for (const auto& [key, value] : configs) {
      rd_kafka_NewTopic_set_config(raw.back(), key.c_str(), value.c_str());
    }
  }
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  const auto event = c.ask(
      RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics",
      [&](auto* handle, auto* options, auto* queue) {
        rd_kafka_CreateTopics(handle, raw.data(), raw.size(), options, queue);
      },
      [&](auto* options) {
        char why[256];
        c.set_operation_timeout(options);
        rd_kafka_AdminOptions_set_validate_only(options, o.dry_run ? 1 : 0, why, sizeof why);
      });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  outcome out(s);
  const auto accept =
      o.accept_existing ? RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS : RD_KAFKA_RESP_ERR_NO_ERROR;
  read_results(results, count, out, o.dry_run ? "valid" : "created", accept, "exists");
  out.finish();
}

struct delete_options {
  std::vector<std::string> names;
  bool yes = false;
  bool accept_missing = false;
};

void confirm_delete(const delete_options& o) {
  if (o.yes) return;
  std::string list;
  for (const auto& name : o.names) list += (list.empty() ? "" : ", ") + name;
  if (isatty(STDIN_FILENO) != 1) {
    throw failure(std::format("not deleting {}: nobody can be asked here; add --yes", list),
                  exit_usage);
  }
  std::cerr << "delete " << list << " with all records? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw failure("nothing was deleted");
}

void remove(const settings& s, const delete_options& o) {
  confirm_delete(o);
  using old_topic = owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
  std::vector<old_topic> topics;
  std::vector<rd_kafka_DeleteTopic_t*> raw;
  for (const auto& name : o.names) {
    topics.emplace_back(rd_kafka_DeleteTopic_new(name.c_str()));
    raw.push_back(topics.back().get());
  }
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  const auto event = c.ask(
      RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topics",
      [&](auto* handle, auto* options, auto* queue) {
        rd_kafka_DeleteTopics(handle, raw.data(), raw.size(), options, queue);
      },
      [&](auto* options) { c.set_operation_timeout(options); });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  outcome out(s);
  const auto accept =
      o.accept_missing ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR;
  read_results(results, count, out, "deleted", accept, "missing");
  out.finish();
}

void add_create(commands& to, CLI::App& topic) {
  const settings& s = to.shared();
  auto oc = std::make_shared<create_options>();
  CLI::App& c = to.add(topic,
                       {"create", "Create one or more topics", "topic create [OPTIONS] NAME...",
                        "Examples:\n"
                        "  weir topic create flights -p 6\n"
                        "  weir topic create orders refunds -p 3 -r 3 -c min.insync.replicas=2\n"
                        "  weir topic create state -c cleanup.policy=compact --if-not-exists\n"},
                       [&s, oc] { create(s, *oc); });
  c.add_option("NAME", oc->names, "Names of the new topics")->type_name("")->required();
  c.add_option("-p,--partitions", oc->partitions, "Default: the broker's num.partitions")
      ->option_text("COUNT")
      ->check(CLI::Range(1, 100000));
  c.add_option("-r,--replication", oc->replication,
               "Copies of each partition. Default: the broker's default.replication.factor")
      ->option_text("COUNT")
      ->check(CLI::Range(1, 100));
  c.add_option("-c,--config", oc->configs,
               "A topic config, such as retention.ms=86400000; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  c.add_flag("--if-not-exists", oc->accept_existing, "A topic that exists already is no error");
  c.add_flag("--dry-run", oc->dry_run, "Let the broker check the request, create nothing");
}

void add_delete(commands& to, CLI::App& topic) {
  const settings& s = to.shared();
  auto od = std::make_shared<delete_options>();
  CLI::App& d =
      to.add(topic,
             {"delete", "Delete topics and all their records", "topic delete [OPTIONS] NAME...",
              "Asks first; where nobody can be asked (no terminal) it wants --yes.\n\n"
              "Examples:\n"
              "  weir topic delete flights\n"
              "  weir topic delete tmp-1 tmp-2 --yes --if-exists\n"},
             [&s, od] { remove(s, *od); });
  d.add_option("NAME", od->names, "Topics")->type_name("")->required();
  d.add_flag("-y,--yes", od->yes, "Don't ask");
  d.add_flag("--if-exists", od->accept_missing, "A topic that isn't there is no error");
}

}  // namespace

void add_topic_changes(commands& to, CLI::App& topic) {
  add_create(to, topic);
  add_delete(to, topic);
}

}  // namespace weir::cli
