#include "engine/coordinator/coordination.h"

#include <seastar/core/coroutine.hh>

#include "engine/coordinator/internal_topics.h"

namespace weir {

seastar::future<> coordination::start(seastar::sharded<cluster>& where,
                                      seastar::sharded<peer::peer_links>& links) {
  made_ = true;
  co_await share_states_.start(std::ref(where), std::string(share_groups_topic));
  co_await persisters_.start(std::ref(where), std::ref(links), std::ref(share_states_));
  co_await persisters_.invoke_on_all([](share_persister& p) { p.start(); });
  co_await groups_.start(std::ref(where), std::string(offsets_topic), std::ref(persisters_));
  co_await markers_.start(std::ref(where), std::ref(links), std::ref(groups_));
  co_await transactions_.start(std::ref(where), std::string(transactions_topic),
                               std::ref(markers_));
  co_await verifiers_.start(std::ref(where), std::ref(links), std::ref(transactions_));
  co_await verifiers_.invoke_on_all([](transaction_verifier& v) { v.start(); });
  co_await lag_.start(std::ref(where), std::ref(links), std::ref(groups_), std::ref(persisters_));
  co_await lag_.invoke_on_all([](group_lag& l) { l.start(); });
  co_await markers_.invoke_on_all([](marker_writer& m) { m.start(); });
  co_await share_states_.invoke_on_all([](share_states_of_shard& s) { s.start(); });
  co_await groups_.invoke_on_all([](groups_of_shard& g) { g.start(); });
  co_await transactions_.invoke_on_all([](transactions_of_shard& t) { t.start(); });
}

seastar::future<> coordination::halt() {
  if (!made_) co_return;
  co_await transactions_.invoke_on_all([](transactions_of_shard& t) { return t.halt(); });
  co_await share_states_.invoke_on_all([](share_states_of_shard& s) { return s.halt(); });
  co_await persisters_.invoke_on_all([](share_persister& p) { return p.halt(); });
  co_await groups_.invoke_on_all([](groups_of_shard& g) { return g.halt(); });
}

seastar::future<> coordination::stop() {
  if (!made_) co_return;
  co_await halt();
  co_await lag_.stop();
  co_await verifiers_.stop();
  co_await transactions_.stop();
  co_await markers_.stop();
  co_await groups_.stop();
  co_await persisters_.stop();
  co_await share_states_.stop();
}

}  // namespace weir
