#pragma once
// Brokers with coordinators and leaders of share partitions, share groups and what goes wrong with
// them, in one thread and by one seed.
#include <map>
#include <memory>
#include <vector>

#include "sim/shares/member.h"

namespace weir::sim::shares {

inline constexpr std::size_t group_log = 0;  // the coordinators' log that all groups are in

struct report {
  std::uint64_t seed = 0;
  bool ok = false;
  std::string what{};  // not ok: what broke
  std::vector<std::string> last{};
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  moment virtual_time = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t writes = 0;
  std::uint64_t leaders = 0;
  std::uint64_t too_late = 0;  // given by leaders that others had replaced
};

class world {
 public:
  world(const plan& rules, std::function<void(const std::string&)> tell);
  // Throws a violation.
  void run();
  void fill(report& out) const;

 private:
  using state_host = coordinator_host<state_kind>;
  using group_host = coordinator_host<group_kind>;
  struct group_of_members {
    std::string id;
    std::set<std::string> topics;
  };
  // Of the leader of one partition on one broker.
  struct follower final : replicated_log::follower_of_terms {
    std::function<void()> over;
    void serves(std::int32_t) override {}
    void committed() override {}
    void ends() override { over(); }
  };

  // world.cc: what there is.
  void make_topics();
  void make_coordinators();
  void make_partitions();
  void make_brokers();
  void make_groups();
  void make_member(const group_of_members& g);
  member::ways ways();
  [[nodiscard]] std::size_t log_of(const share::share_partition& p) const;
  [[nodiscard]] share::share_partition name_of(const std::string& group, std::size_t partition);
  void ask_group(const group::request& r, const attempt& given_up,
                 const std::function<void(const std::optional<group::answer>&)>& then);
  void ask_broker(member* who, broker b, const share_request& r, const attempt& given_up,
                  const std::function<void(const share_reply&)>& then);
  void close(broker b, const share::session_key& who, std::uint64_t connection);

  // admin.cc: what a group's coordinator wants, and who alters groups.
  void carry_out(broker on, const group::share_initialization& what);
  void initialize(broker on, const group::share_initialization& what);
  void forget(const std::string& group, broker on, const std::vector<share::share_partition>& all,
              const std::function<void(std::vector<uuid>)>& then);
  void administrate();
  void alter(const group_of_members& g);
  void forget_topic(const group_of_members& g);
  void delete_group(const group_of_members& g);
  void tell_initialized(const std::string& group, const group::topic_partitions& done);
  void tell_forgotten(const std::string& group, const std::vector<uuid>& topics);
  [[nodiscard]] std::vector<share::share_partition> partitions_of(const std::string& group,
                                                                  const group::share_plan& plan);

  // trouble.cc: what goes wrong, and how it ends.
  void start_trouble();
  void sweep();
  void come_and_go();
  void settle();
  [[nodiscard]] std::string unfinished();
  [[nodiscard]] std::string unfinished(const group_of_members& g);

  plan rules_;
  event_queue events_;
  random chance_;
  topics topics_;
  oracle truth_;
  surroundings around_;
  std::vector<clock> clocks_;
  std::unique_ptr<brokers> brokers_;
  std::unique_ptr<group_kind> group_kind_;
  std::unique_ptr<state_kind> state_kind_;
  std::vector<std::unique_ptr<group_host>> group_hosts_;               // by broker
  std::vector<std::vector<std::unique_ptr<state_host>>> state_hosts_;  // by log and broker
  std::vector<std::unique_ptr<data_partition>> partitions_;
  std::vector<std::unique_ptr<follower>> followers_;
  std::vector<std::unique_ptr<persister>> persisters_;
  std::vector<std::unique_ptr<share_broker>> share_brokers_;
  std::vector<group_of_members> groups_;
  std::vector<std::unique_ptr<member>> members_;  // all that ever were
  std::uint64_t connections_ = 0;
};

report simulate(const plan& rules);

}  // namespace weir::sim::shares
