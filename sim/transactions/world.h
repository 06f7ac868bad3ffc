#pragma once
// Coordinators, partitions, clients and what goes wrong with them, in one thread and by one seed.
#include <memory>
#include <vector>

#include "sim/transactions/client.h"
#include "sim/transactions/coordinator_host.h"
#include "sim/transactions/data_partition.h"

namespace weir::sim::transactions {

struct report {
  std::uint64_t seed = 0;
  bool ok = false;
  std::string what{};  // not ok: what broke
  std::vector<std::string> last{};
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  moment virtual_time = 0;
  std::uint64_t committed = 0;  // transactions
  std::uint64_t aborted = 0;
  std::uint64_t ends_of_terms = 0;
};

class world {
 public:
  world(const plan& rules, std::function<void(const std::string&)> tell);
  // Throws a violation.
  void run();
  void fill(report& out) const;

 private:
  void make_coordinators();
  void make_client(std::size_t id);
  void trouble(moment every, std::function<void()> what);
  void start_trouble();
  void crash(std::size_t which);
  void settle();
  [[nodiscard]] coordinator_host& host_of(const std::string& id) const;
  client::ways ways_of(const std::string& id, bool classic);
  ways_out ways_of_hosts();
  void ask(const std::string& id, const transaction::request& r, std::int16_t version,
           bool may_repeat, const attempt& given_up,
           std::function<void(std::optional<transaction::answer>)> then);
  void write_marker(const topic_partition& to, const transaction::markers_to_send& m,
                    const attempt& given_up, std::function<void(marker_answer)> then);

  plan rules_;
  event_queue events_;
  random chance_;
  oracle truth_;
  surroundings around_;
  std::vector<std::unique_ptr<coordinator_host>> hosts_;
  std::vector<std::unique_ptr<data_partition>> partitions_;
  std::vector<std::unique_ptr<client>> clients_;  // all that ever were
  std::vector<client*> newest_;                   // of each id
  std::int64_t next_producer_ = 1000;
  std::uint64_t crashes_ = 0;
};

report simulate(const plan& rules);

}  // namespace weir::sim::transactions
