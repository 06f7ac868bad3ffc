// weir-load: one load on one broker, one JSON line about it. bench/run calls it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "bench/load/commits.h"
#include "bench/load/consume.h"
#include "bench/load/group_load.h"
#include "bench/load/produce.h"
#include "bench/load/rebalance.h"
#include "bench/load/transact.h"

namespace {

void add_common(CLI::App& command, weir::load::settings& s) {
  command.add_option("--brokers", s.brokers);
  command.add_option("--topic", s.topic);
  command.add_option("--partitions", s.partitions)->check(CLI::PositiveNumber);
  command.add_option("--clients", s.clients)->check(CLI::Range(1, 1000));
  command.add_option("--seconds", s.seconds, "the measured time; consume: at most so long");
  command.add_option("--bytes", s.bytes, "produce or consume so much instead");
  command
      .add_option("--broker-pid", s.broker_pids, "whose CPU time to report, too; may be repeated")
      ->allow_extra_args(false);
  command.add_option("-X", s.properties, "NAME VALUE  of librdkafka")->allow_extra_args(false);
}

}  // namespace

int main(int argc, char** argv) try {
  weir::load::settings s;
  CLI::App app{"weir-load: load for a broker, and what came of it as JSON"};
  app.require_subcommand(1);
  auto* produce = app.add_subcommand("produce", "to saturation, or at a rate with due times");
  add_common(*produce, s);
  produce->add_option("--warmup", s.warmup, "seconds before the measured time");
  produce->add_option("--record-bytes", s.record_bytes)->check(CLI::Range(1, 1 << 20));
  produce->add_option("--rate", s.rate, "records per second; 0: as many as are taken");
  produce->add_option("--acks", s.acks)->check(CLI::IsMember({"0", "1", "all"}));
  produce->add_flag("--keyed", s.keyed);
  produce->add_option("--kill-pid", s.kill_pid, "a broker that dies in the measured time");
  produce->add_option("--kill-node", s.kill_node, "its node id");
  produce->add_option("--kill-after", s.kill_after, "seconds into the measured time");
  produce->add_option("--readers", s.readers, "clients that read meanwhile");
  produce->add_option("--read-topic", s.read_topic);
  produce->add_option("--read-partitions", s.read_partitions);
  produce->add_option("--read-bytes", s.read_bytes, "how much the topic to read holds");
  auto* consume = app.add_subcommand("consume", "from the start, partitions assigned");
  add_common(*consume, s);
  auto* transact =
      app.add_subcommand("transact", "transactions one after the other, by each client");
  add_common(*transact, s);
  transact->add_option("--records", s.records, "of a transaction")->check(CLI::PositiveNumber);
  transact->add_option("--record-bytes", s.record_bytes)->check(CLI::Range(1, 1 << 20));
  auto* rebalance = app.add_subcommand("rebalance", "of a group whose members the clients are");
  add_common(*rebalance, s);
  auto* commits = app.add_subcommand("commits", "of offsets, by a group for each client");
  add_common(*commits, s);
  for (auto* command : {transact, rebalance, commits}) command->add_option("--warmup", s.warmup);
  auto* groups = app.add_subcommand("groups", "that another broker takes over from one that dies");
  add_common(*groups, s);
  groups->add_option("--groups", s.groups)->check(CLI::PositiveNumber);
  groups->add_option("--kill-pid", s.kill_pid, "the broker that dies")->required();
  groups->add_option("--kill-place", s.kill_node, "its place in --brokers, from 0")->required();
  CLI11_PARSE(app, argc, argv);
  const auto result = *produce     ? weir::load::produce(s)
                      : *transact  ? weir::load::transact(s)
                      : *rebalance ? weir::load::rebalance(s)
                      : *commits   ? weir::load::commit_offsets(s)
                      : *groups    ? weir::load::load_groups(s)
                                   : weir::load::consume(s);
  std::printf("%s\n", result.dump().c_str());
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "weir-load: %s\n", e.what());
  return 1;
}
