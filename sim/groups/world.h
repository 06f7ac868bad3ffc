#pragma once
// Brokers with coordinators, groups of clients and what goes wrong with them, in one thread and by
// one seed.
#include <map>
#include <memory>
#include <vector>

#include "sim/groups/application.h"
#include "sim/groups/client.h"

namespace weir::sim::groups {

struct report {
  std::uint64_t seed = 0;
  bool ok = false;
  std::string what{};  // not ok: what broke
  std::vector<std::string> last{};
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  moment virtual_time = 0;
  std::uint64_t commits = 0;      // of offsets
  std::uint64_t generations = 0;  // and targets
  std::uint64_t committed = 0;    // transactions
  std::uint64_t aborted = 0;
  std::uint64_t leaders = 0;
};

class world {
 public:
  world(const plan& rules, std::function<void(const std::string&)> tell);
  // Throws a violation.
  void run();
  void fill(report& out) const;

 private:
  struct group_of_clients {
    std::string id;
    std::set<std::string> topics;
    bool mixed = false;
    bool classic = false;
    bool streams = false;
    bool turns = false;  // streams and classic, one after the other
    application app;     // of one of streams
  };

  // world.cc: what there is.
  void make_topics();
  void make_hosts();
  void make_groups();
  void make_client(const group_of_clients& g, std::optional<std::string> instance = {});
  client::ways ways();
  [[nodiscard]] std::size_t log_of(const std::string& group) const;
  coordinator_host& host(std::size_t log, broker b) { return *hosts_[log][b]; }
  [[nodiscard]] broker find_coordinator(const std::string& group);
  void ask(broker b, const std::string& group, const group::request& r, std::int16_t version,
           const attempt& given_up, const coordinator_host::answered& then);
  // A copy of a request comes when its time is over, as from a connection that nobody has closed.
  void come_late(std::size_t log, const group::request& r, std::int16_t version);
  void write_marker(const std::string& group, const marker& m, std::function<void(bool)> then);

  // trouble.cc: what goes wrong.
  void start_trouble();
  void change_topics();
  void tell_topics(const std::optional<group::deleted_topic>& gone);
  void administrate();
  void come_and_go();

  // streams.cc: what streams groups need and come to.
  void draw_streams(group_of_clients& g);
  void make_streams_client(const group_of_clients& g, client::traits is);
  void make_internal(const group::internal_topics_wanted& wanted,
                     const std::function<void(const coordinator_host::failures&)>& then);
  void make_topic(const std::string& name, std::int32_t partitions);
  void delete_topic(const std::string& name);
  void lose_internal();
  // An administrator makes sources that are missing, and deletes internal topics that don't fit.
  void make_sources();
  void repair_internal();
  [[nodiscard]] std::string unfinished_streams(const group_of_clients& g,
                                               const std::vector<const streams_client*>& here);

  // calm.cc: how it ends.
  void settle();
  void come_to_rest();
  [[nodiscard]] std::string unfinished(const group_of_clients& g);
  [[nodiscard]] std::string unfinished();

  plan rules_;
  event_queue events_;
  random chance_;
  topics topics_;
  oracle truth_;
  surroundings around_;
  std::vector<topics> known_;  // by each broker
  std::vector<clock> clocks_;
  std::unique_ptr<brokers> brokers_;
  std::vector<std::vector<std::unique_ptr<coordinator_host>>> hosts_;  // by log and broker
  std::unique_ptr<transactions> transactions_;
  std::vector<group_of_clients> groups_;
  std::vector<std::unique_ptr<client>> clients_;  // all that ever were
  std::uint64_t made_topics_ = 0;
  bool withholds_ = false;  // makes no internal topics
};

report simulate(const plan& rules);

}  // namespace weir::sim::groups
