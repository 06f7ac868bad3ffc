#include <CLI/CLI.hpp>
#include <format>

#include "cli/admin.h"
#include "cli/commands.h"

namespace weir::cli {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

struct alter_options {
  std::string name;
  std::vector<std::string> set;
  std::vector<std::string> unset;
  int partitions = 0;  // 0: leave
};

void alter_configs(client& c, const alter_options& o, const pairs& set) {
  using resource_ptr = owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
  const resource_ptr topic(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, o.name.c_str()));
  auto add = [&](const std::string& key, rd_kafka_AlterConfigOpType_t op, const char* value) {
    const error_ptr error(
        rd_kafka_ConfigResource_add_incremental_config(topic.get(), key.c_str(), op, value));
    if (error)
      throw failure(std::format("{}: {}", key, rd_kafka_error_string(error.get())), exit_usage);
  };
  for (const auto& [key, value] : set) add(key, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str());
  for (const auto& key : o.unset) add(key, RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, nullptr);
  rd_kafka_ConfigResource_t* raw = topic.get();
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, "alter configs",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_IncrementalAlterConfigs(handle, &raw, 1, options, queue);
                           });
  std::size_t count = 0;
  const auto** results = rd_kafka_IncrementalAlterConfigs_result_resources(
      rd_kafka_event_IncrementalAlterConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(results[i])) {
      throw failure(explain_topic(o.name, code, rd_kafka_ConfigResource_error_string(results[i])));
    }
  }
}

void add_partitions(client& c, const alter_options& o) {
  char why[256];
  using more_ptr = owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
  const more_ptr more(rd_kafka_NewPartitions_new(
      o.name.c_str(), static_cast<std::size_t>(o.partitions), why, sizeof why));
  if (!more) throw failure(std::format("topic {}: {}", o.name, why), exit_usage);
  rd_kafka_NewPartitions_t* raw = more.get();
  const auto event = c.ask(
      RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "add partitions",
      [&](auto* handle, auto* options, auto* queue) {
        rd_kafka_CreatePartitions(handle, &raw, 1, options, queue);
      },
      [&](auto* options) { c.set_operation_timeout(options); });
  std::size_t count = 0;
  const auto** results = rd_kafka_CreatePartitions_result_topics(
      rd_kafka_event_CreatePartitions_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_topic_result_error(results[i])) {
      throw failure(explain_topic(o.name, code, rd_kafka_topic_result_error_string(results[i])));
    }
  }
}

void alter(const settings& s, const alter_options& o) {
  const pairs set = read_pairs(o.set, "--set");
  if (set.empty() && o.unset.empty() && o.partitions == 0) {
    throw failure("nothing to alter; give --set, --unset or --add-partitions", exit_usage);
  }
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  if (!set.empty() || !o.unset.empty()) alter_configs(c, o, set);
  if (o.partitions > 0) add_partitions(c, o);
  if (s.as_json) {
    print_json({{"topic", o.name}, {"result", "altered"}});
  } else {
    print(std::format("altered {}\n", o.name));
  }
}

struct trim_options {
  std::string name;
  std::int32_t partition = 0;
  std::string offset;
};

void trim(const settings& s, const trim_options& o) {
  std::int64_t before = RD_KAFKA_OFFSET_END;
  if (o.offset != "end" && (!CLI::detail::lexical_cast(o.offset, before) || before < 0)) {
    throw failure(std::format("--offset {}: write a number or end", o.offset), exit_usage);
  }
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  const partition_list_ptr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), o.name.c_str(), o.partition)->offset = before;
  using trim_ptr = owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>;
  const trim_ptr request(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* raw = request.get();
  const auto event = c.ask(
      RD_KAFKA_ADMIN_OP_DELETERECORDS, std::format("trim topic {}", o.name),
      [&](auto* handle, auto* options, auto* queue) {
        rd_kafka_DeleteRecords(handle, &raw, 1, options, queue);
      },
      [&](auto* options) { c.set_operation_timeout(options); });
  const auto* offsets =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  const auto& result = offsets->elems[0];
  if (result.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    throw failure(
        std::format("topic {} partition {} ends before offset {}; see: weir topic describe {}",
                    o.name, o.partition, o.offset, o.name));
  }
  if (result.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw failure(
        explain_topic(std::format("{} partition {}", o.name, o.partition), result.err, nullptr));
  }
  if (s.as_json) {
    print_json({{"topic", o.name}, {"partition", o.partition}, {"earliest", result.offset}});
  } else {
    print(std::format("trimmed {}: partition {} begins at offset {}\n", o.name, o.partition,
                      result.offset));
  }
}

void add_alter(commands& to, CLI::App& topic) {
  const settings& s = to.shared();
  auto oa = std::make_shared<alter_options>();
  CLI::App& a = to.add(
      topic,
      {"alter", "Change a topic's configuration or add partitions", "topic alter [OPTIONS] NAME",
       "Partitions can't be taken away again, and keys may land on others than before.\n\n"
       "Examples:\n"
       "  weir topic alter flights --set retention.ms=604800000\n"
       "  weir topic alter flights --unset retention.ms\n"
       "  weir topic alter flights --add-partitions 12\n"},
      [&s, oa] { alter(s, *oa); });
  a.add_option("NAME", oa->name, "The topic")->type_name("")->required();
  a.add_option("--set", oa->set, "Set a config; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  a.add_option("--unset", oa->unset, "Back to the default; may be repeated")
      ->option_text("KEY")
      ->allow_extra_args(false);
  a.add_option("--add-partitions", oa->partitions, "Raise the number of partitions to TOTAL")
      ->option_text("TOTAL")
      ->check(CLI::Range(1, 100000));
}

void add_trim(commands& to, CLI::App& topic) {
  const settings& s = to.shared();
  auto ot = std::make_shared<trim_options>();
  CLI::App& t = to.add(topic,
                       {"trim", "Delete the records of a partition that lie before an offset",
                        "topic trim [OPTIONS] NAME",
                        "Examples:\n"
                        "  weir topic trim flights --partition 0 --offset 1000\n"
                        "  weir topic trim flights --partition 0 --offset end\n"},
                       [&s, ot] { trim(s, *ot); });
  t.add_option("NAME", ot->name, "The topic")->type_name("")->required();
  t.add_option("-p,--partition", ot->partition, "The partition")
      ->option_text("N")
      ->required()
      ->check(CLI::NonNegativeNumber);
  t.add_option("-o,--offset", ot->offset, "The first offset to keep; end keeps none")
      ->option_text("N|end")
      ->required();
}

}  // namespace

void add_topic_edits(commands& to, CLI::App& topic) {
  add_alter(to, topic);
  add_trim(to, topic);
}

}  // namespace weir::cli
