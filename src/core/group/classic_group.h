#pragma once
// A group of the classic protocol as its coordinator has it in hand: who is in it, who waits for
// what, and how far its rebalance has come. All of it but what the last GroupMetadata record says
// is soft. Nothing here answers, stores or looks at the time: classic_groups does.
//
// Invariants: leader_ is empty or a member; static_ids_ name members that have that instance id;
// joining_ and offered_ count members_.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/chunked_vector.h"
#include "core/base/ids.h"
#include "core/codec/join_group.h"
#include "core/group/defects.h"
#include "core/group/emitted.h"

namespace weir::group {

enum class classic_state : std::uint8_t {
  empty,
  preparing_rebalance,   // members have to join again
  completing_rebalance,  // all know the generation; its leader works out the assignment
  stable,
};
// As Kafka writes it.
std::string_view name_of(classic_state state);

// A request that is answered later.
struct waiting_request {
  ticket of = 0;
  std::int16_t version = 0;
};

class classic_group {
 public:
  struct protocol {
    std::string name;
    bytes metadata;
    bool operator==(const protocol&) const = default;
  };
  using protocol_list = std::vector<protocol>;  // in the order of preference, no name twice

  struct member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout_ms = 0;
    std::int32_t session_timeout_ms = 0;
    protocol_list protocols;
    bytes assignment;
    bool is_new = false;       // it never had an answer to a join
    bool has_to_sync = false;  // it was told this generation, and has not asked for its assignment
    std::optional<waiting_request> join;
    std::optional<waiting_request> sync;
    std::int64_t session_deadline_ms = 0;

    // While it waits for an answer it can't send heartbeats; a new one's patience is bounded.
    [[nodiscard]] bool can_expire() const { return is_new || (!join && !sync); }
    // Of a protocol it doesn't offer: empty.
    [[nodiscard]] bytes metadata_for(std::string_view protocol) const;
  };
  using member_map = std::map<std::string, member, std::less<>>;

  explicit classic_group(std::string id) : id_(std::move(id)) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] classic_state state() const { return state_; }
  [[nodiscard]] classic_state state_before() const { return state_before_; }
  [[nodiscard]] timestamp state_since() const { return state_since_; }
  [[nodiscard]] std::int32_t generation() const { return generation_; }
  [[nodiscard]] const std::optional<std::string>& protocol_type() const { return protocol_type_; }
  [[nodiscard]] const std::optional<std::string>& protocol_name() const { return protocol_name_; }
  [[nodiscard]] const std::string& leader() const { return leader_; }
  [[nodiscard]] bool leads(std::string_view id) const { return !leader_.empty() && leader_ == id; }
  void become(classic_state state, timestamp now);

  [[nodiscard]] const member_map& members() const { return members_; }
  [[nodiscard]] member_map& members() { return members_; }
  [[nodiscard]] member* find(std::string_view id);
  [[nodiscard]] const member* find(std::string_view id) const;
  // The member with this instance id; null: none has it.
  [[nodiscard]] const std::string* static_id(std::string_view instance_id) const;

  // The first one leads, until a rebalance without it.
  member& add(member m, std::string_view protocol_type);
  void remove(std::string_view id);
  // The instance comes back under a new id, which takes everything over but who waits.
  member& replace_static(std::string_view old_id, std::string_view new_id);
  void offer(member& m, protocol_list protocols);
  void assign(member& m, bytes assignment);
  void wait_for_join(member& m, waiting_request waiting);
  std::optional<waiting_request> end_join(member& m);

  // Whether a member with these could be in the group, with those that are in it.
  template <typename Protocols>
  [[nodiscard]] bool takes(std::string_view protocol_type, const Protocols& protocols) const {
    if (state_ == classic_state::empty) return !protocol_type.empty() && !protocols.empty();
    if (protocol_type_ != protocol_type) return false;
    for (const auto& p : protocols) {
      if (all_offer(p.name)) return true;
    }
    return false;
  }
  [[nodiscard]] bool all_joined() const { return joining_ == members_.size() && pending_.empty(); }
  [[nodiscard]] std::size_t joining() const { return joining_; }
  // Of the member with the longest.
  [[nodiscard]] std::int32_t rebalance_timeout_ms() const;
  // That leads: the leader if it joined, else one who did. False: nobody did.
  bool elect_joined_leader();
  // The one that all offer and most put first.
  [[nodiscard]] std::string vote() const;
  // Everyone who is in it now belongs to the next generation.
  void begin_generation(timestamp now, defects broken = {});

  // Topics that its members want; nothing: not known, or not consumers.
  [[nodiscard]] bool is_subscribed(std::string_view topic) const;
  [[nodiscard]] bool knows_subscription() const { return subscribed_.has_value(); }
  [[nodiscard]] bool has_consumers() const;

  // Ids that were given out and have not joined (KIP-394), with what remains of them: a deadline.
  std::map<std::string, std::int64_t, std::less<>>& pending() { return pending_; }
  [[nodiscard]] const std::map<std::string, std::int64_t, std::less<>>& pending() const {
    return pending_;
  }

  // As a record has it. Members come with `add`.
  void restore(std::int32_t generation, std::optional<std::string> protocol_type,
               std::optional<std::string> protocol_name, std::string leader, timestamp since);

  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

  // The generation of the last record, where it is one that nobody was told: none is told by it.
  std::int32_t stored_generation = 0;
  // Deadlines in steady time; nothing: none.
  std::optional<std::int64_t> rebalance_deadline_ms;
  std::optional<std::int64_t> sync_deadline_ms;
  // Of a new group: how long its rebalance may still be put off, and whether it should be.
  std::int64_t first_delay_left_ms = 0;
  bool first_delayed = false;  // rebalance_deadline_ms ends a delay, not a rebalance
  bool member_was_added = false;
  bool has_offsets = false;       // something is committed for it, or pending
  std::size_t counted_bytes = 0;  // of memory, in the sum of all groups
  // When the group is due in the list of deadlines.
  std::optional<std::int64_t> due_ms;

 private:
  void count(const member& m, bool in);
  [[nodiscard]] bool all_offer(std::string_view protocol) const;
  void find_subscription();

  std::string id_;
  classic_state state_ = classic_state::empty;
  classic_state state_before_ = classic_state::empty;
  timestamp state_since_ = no_timestamp;
  std::int32_t generation_ = 0;
  std::optional<std::string> protocol_type_;
  std::optional<std::string> protocol_name_;
  std::string leader_;
  member_map members_;
  std::map<std::string, std::string, std::less<>> static_ids_;
  std::map<std::string, std::int64_t, std::less<>> pending_;
  std::map<std::string, std::size_t, std::less<>> offered_;  // members that offer a protocol
  std::size_t joining_ = 0;
  std::optional<std::set<std::string, std::less<>>> subscribed_;
  std::size_t memory_bytes_ = 0;
};

classic_group::protocol_list protocols_of(const kafka::join_group_request& r);

}  // namespace weir::group
