#include "engine/peer/remote_peer.h"

#include <seastar/core/coroutine.hh>

namespace weir::peer {

seastar::future<> remote_peer::stop() {
  auto waited = waits_.close();
  for (auto& of_way : links_) {
    for (auto& l : of_way) {
      if (l) co_await l->stop();
    }
  }
  co_await std::move(waited);
}

bool remote_peer::connected() const {
  const auto& prompt = links_[0];
  return !prompt.empty() && prompt[0] && prompt[0]->up();
}

outgoing_link& remote_peer::link(way w, unsigned shard) {
  const unsigned places = std::max(1U, std::min(context_.shards, context_.settings.fan_out_max));
  const auto place = shard % places;
  auto& of_way = links_[static_cast<std::size_t>(w)];
  if (of_way.size() <= place) of_way.resize(place + 1);
  auto& at = of_way[place];
  if (!at) {
    at = std::make_unique<outgoing_link>(context_, w, place);
    at->start();
  }
  return *at;
}

unsigned remote_peer::owner(const partition_key& group) const {
  return context_.shards == 0 ? 0 : context_.settings.owner(group, context_.id, context_.shards);
}

void remote_peer::post(raft_post p) {
  const auto shard = owner(p.group);
  const bool append = std::holds_alternative<raft::append_request>(p.message.body);
  const bool large = p.frames.size() >= context_.settings.bulk_above;
  // Appends stay in order: small ones follow a large one until it is known to have arrived.
  const bool bulk = append && (large || link(way::bulk, shard).holds(p.group));
  if (!link(bulk ? way::bulk : way::prompt, shard).offer(std::move(p))) {
    ++context_.meters.dropped_messages;
  }
}

void remote_peer::send_beat(const beat& b) {
  link(way::prompt, 0).send_beat(b);
}

seastar::future<call_result> remote_peer::request(call head, fragments payload,
                                                  seastar::lowres_clock::time_point deadline) {
  if (waits_.is_closed()) co_return std::unexpected(call_error::unreachable);
  const auto held = waits_.hold();
  const auto w = payload.size() >= context_.settings.bulk_above ? way::bulk : way::prompt;
  const auto shard = context_.shards == 0 ? 0 : static_cast<unsigned>(head.shard) % context_.shards;
  co_return co_await link(w, shard).request(std::move(head), std::move(payload), deadline);
}

seastar::future<bool> remote_peer::ship(raft_post p, fragments state) {
  if (waits_.is_closed()) co_return false;
  const auto held = waits_.hold();
  co_return co_await link(way::bulk, owner(p.group)).ship(std::move(p), std::move(state));
}

void remote_peer::drop() {
  for (auto& of_way : links_) {
    for (auto& l : of_way) {
      if (l) l->drop();
    }
  }
}

void remote_peer::drop_if_stuck(seastar::lowres_clock::time_point since) {
  for (auto& of_way : links_) {
    for (auto& l : of_way) {
      if (l) l->drop_if_stuck(since);
    }
  }
}

}  // namespace weir::peer
