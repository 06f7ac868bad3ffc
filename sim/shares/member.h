#pragma once
// A member of a share group, as Kafka's client behaves: it says to the group's coordinator that it
// lives, reads from whoever leads the partitions that it is given, in a session with each broker,
// and says what became of the records that it had. It may also fall silent, lie, or be gone.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/group/request.h"
#include "sim/shares/share_broker.h"

namespace weir::sim::shares {

class member {
 public:
  struct ways {
    std::function<void(const std::string& group, const group::request&, const attempt& given_up,
                       std::function<void(const std::optional<group::answer>&)>)>
        ask_group;
    std::function<broker(std::size_t partition)> find_leader;
    std::function<void(broker, const share_request&, const attempt& given_up,
                       std::function<void(const share_reply&)>)>
        ask_broker;
    // Heard by the broker some time, or never.
    std::function<void(broker, const share::session_key&, std::uint64_t connection)> close;
    std::function<std::uint64_t()> new_connection;
    std::function<std::optional<std::size_t>(const partition_key&)> number_of;
  };

  member(surroundings& around, ways how, std::string group, std::uint64_t number,
         std::set<std::string> topics);

  void start() { next(); }
  // Says so, and goes.
  void leave() { leaving_ = true; }
  // Is gone, and says nothing.
  void vanish();
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool is_leaving() const { return leaving_; }
  [[nodiscard]] const std::string& group() const { return who_.group; }
  [[nodiscard]] const std::string& name() const { return who_.member; }
  [[nodiscard]] const std::set<std::size_t>& assigned() const { return assigned_; }
  // Whether a copy of this request comes in its own session.
  [[nodiscard]] bool is_now(broker b, std::uint64_t connection) const {
    const auto at = sessions_.find(b);
    return !over_ && at != sessions_.end() && at->second.connection == connection;
  }

 private:
  struct holding {
    std::size_t partition = 0;
    share::offset_range what{};
  };
  struct session {
    std::uint64_t connection = 0;
    std::int32_t epoch = 0;
    std::set<std::size_t> wanted;
    std::vector<holding> has;
  };

  void next();
  void act();
  void beat(std::int32_t epoch);
  void heed(const kafka::share_group_heartbeat_response& a);
  void read();
  void ask(broker b, share_request r);
  void on_reply(broker b, const share_request& r, const share_reply& a);
  void lose_connection(broker b);
  void bye();
  // What it says of what it has; that is not its own any more.
  void decide(session& s, share_request& r);
  bool decide(const holding& h, share_request& r, std::vector<holding>& kept);
  void lie(share_request& r);
  static void say(share_request& r, std::size_t partition, said what);
  share_request request_to(broker b, session& s);

  surroundings& around_;
  ways how_;
  share::session_key who_;
  std::set<std::string> topics_;
  std::int32_t epoch_ = 0;  // of the group
  std::set<std::size_t> assigned_;
  std::map<broker, session> sessions_;
  std::map<std::size_t, std::int64_t> seen_;  // the last record of each partition that it got
  moment heard_ = -second;                    // when it last said that it lives
  bool tells_all_ = true;  // it may have missed an answer, and says all of itself again
  bool leaving_ = false;
  bool over_ = false;
  std::uint64_t turn_ = 0;
};

}  // namespace weir::sim::shares
