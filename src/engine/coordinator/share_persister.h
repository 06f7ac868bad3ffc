#pragma once
// Asks the share coordinators, wherever they are, about share groups' progress (KIP-932); serves
// the same of other brokers. One a shard.
#include <variant>
#include <vector>

#include "engine/coordinator/share_states.h"

namespace weir {

class share_persister {
 public:
  share_persister(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
                  seastar::sharded<share_states_of_shard>& coordinators);

  // Serves other brokers, on this shard.
  void start();
  // Nobody is asked again.
  seastar::future<> halt();
  seastar::future<> stop() { return halt(); }

  // One result for each partition asked about, in any order of topics and partitions; what could
  // not be asked is an error in it. Who is not ready is asked again for a while. What may have been
  // done is not asked for again where that could undo what came after it.
  template <typename Request, typename Response>
  seastar::future<Response> ask(Request in);

 private:
  template <typename Request, typename Response>
  seastar::future<Response> ask_one(std::int32_t coordinator, Request part);
  template <typename Request, typename Response>
  seastar::future<Response> ask_once(std::int32_t coordinator, const Request& part);
  template <typename Request, typename Response>
  seastar::future<Response> ask_here(Request in);
  template <typename Request, typename Response>
  void serve_one(std::int32_t method);

  seastar::sharded<cluster>& where_;
  seastar::sharded<peer::peer_links>& links_;
  seastar::sharded<share_states_of_shard>& coordinators_;
  bool halted_ = false;
  fibers fibers_{"share groups' progress"};
};

extern template seastar::future<kafka::initialize_share_group_state_response> share_persister::ask(
    kafka::initialize_share_group_state_request);
extern template seastar::future<kafka::read_share_group_state_response> share_persister::ask(
    kafka::read_share_group_state_request);
extern template seastar::future<kafka::write_share_group_state_response> share_persister::ask(
    kafka::write_share_group_state_request);
extern template seastar::future<kafka::delete_share_group_state_response> share_persister::ask(
    kafka::delete_share_group_state_request);
extern template seastar::future<kafka::read_share_group_state_summary_response>
    share_persister::ask(kafka::read_share_group_state_summary_request);

}  // namespace weir
