#pragma once
// What uses the simulated partition: producers with and without idempotence, clients of registers,
// consumers. They find the leader by trying, retry as Kafka's clients do, and note what they saw.
#include <functional>
#include <memory>

#include "sim/linear.h"
#include "sim/node.h"

namespace weir::sim {

// How clients reach nodes.
struct reach {
  surroundings& around;
  std::function<std::vector<node*>()> nodes;  // those that are up
  std::function<bool()> stopped;
};

struct client_counts {
  std::uint64_t acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t consumed = 0;
};

class clients {
 public:
  clients(reach how, const plan& rules);
  void start();
  [[nodiscard]] const client_counts& counts() const { return counts_; }
  // Nothing, or which register's history is not linearizable, and why.
  [[nodiscard]] std::optional<std::string> judge_registers() const;

 private:
  struct producer {
    std::int64_t id;  // -1: plain
    std::size_t window;
    std::int32_t next_sequence = 0;
    std::size_t outstanding = 0;
    node_id leader{0};
  };
  struct register_client {
    node_id leader{0};
  };

  node* find(node_id& leader);
  void produce_next(producer& p);
  void try_produce(producer& p, const batch_claim& claim);
  void use_register(register_client& c);
  void consume(offset& at);
  moment pause();
  moment travel();
  void call(node_id& leader, std::function<void(node&, answer_to)> request,
            std::function<void(answer)> then);

  reach how_;
  const plan& rules_;
  std::vector<std::unique_ptr<producer>> producers_;
  std::vector<std::unique_ptr<register_client>> writers_;
  std::vector<std::unique_ptr<offset>> readers_;
  std::vector<std::vector<operation>> histories_;
  std::uint64_t next_value_ = 1;
  client_counts counts_;
};

}  // namespace weir::sim
