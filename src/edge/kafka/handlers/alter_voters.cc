// AddRaftVoter and RemoveRaftVoter (KIP-853). Which brokers vote on the cluster's state follows
// from which brokers there are (docs/replication.md), so nobody can choose: the request is refused
// with a reason, as a broker of Kafka passes on what its controller refuses.
#include <seastar/core/coroutine.hh>

#include "core/codec/add_raft_voter.h"
#include "core/codec/remove_raft_voter.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

template <typename Request, typename Response>
seastar::future<Response> refuse(services& with, const request&, Request in) {
  Response out;
  const auto ours = with.state.catalog().cluster_id().str();
  if (in.cluster_id && in.cluster_id->view() != ours) {
    out.error = error_code::inconsistent_cluster_id;
    out.error_message = text(fmt::format("The given id \"{}\" doesn't match the cluster id \"{}\"",
                                         *in.cluster_id, ours));
  } else {
    out.error = error_code::invalid_request;
    out.error_message = text(
        "The voters follow from the brokers of the cluster: they can't be added or removed by "
        "themselves.");
  }
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> add_raft_voter(services& with, request r) {
  return serve<kafka::add_raft_voter_request,
               &refuse<kafka::add_raft_voter_request, kafka::add_raft_voter_response>>(
      with, std::move(r));
}

seastar::future<answer> remove_raft_voter(services& with, request r) {
  return serve<kafka::remove_raft_voter_request,
               &refuse<kafka::remove_raft_voter_request, kafka::remove_raft_voter_response>>(
      with, std::move(r));
}

}  // namespace weir::edge
