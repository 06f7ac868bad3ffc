// What is asked about share partitions, each answered for itself.
#include <algorithm>

#include "core/codec/error_code.h"
#include "core/share/coordinator.h"

namespace weir::share {
namespace {

using kafka::error_code;

// `unknown`: what is said of a partition that nobody has begun.
template <typename Result>
void refuse(Result& result, error_code error, const share_partition& p,
            std::string_view unknown = {}) {
  result.error = error;
  if (error == error_code::none) return;
  auto words = message_of(error);
  if (error == error_code::invalid_request && p.partition < partition_id(0)) {
    words = "The partition id cannot be a negative number.";
  } else if (error == error_code::invalid_request && !unknown.empty()) {
    words = unknown;
  }
  result.error_message = text::unowned(words);
}

// `decide` fills the result of one partition.
template <typename Response, typename Request, typename Decide>
Response each(const Request& r, const Decide& decide) {
  Response answer;
  for (const auto& topic : r.topics) {
    auto& results = answer.results.emplace_back();
    results.topic_id = topic.topic_id;
    for (const auto& asked : topic.partitions) {
      auto& result = results.partitions.emplace_back();
      result.partition = asked.partition;
      decide(share_partition{r.group_id.str(), topic.topic_id, partition_id(asked.partition)},
             asked, result);
    }
  }
  return answer;
}

error_code exists(const share_partition& p, const request_context& c) {
  return c.exists(p.topic, p.partition.value()) ? error_code::none
                                                : error_code::unknown_topic_or_partition;
}

bool older(std::int32_t said, std::int32_t known) {
  return said != -1 && said < known;
}

// A group that asks for states to begin somewhere, by itself, does not know that they have begun:
// the answer was lost, or it was an administrator who said where. Else each beginning has an epoch
// of its own, and one of this epoch has been made; the group may be on its way since.
template <typename Asked>
bool begins_again(const Asked& asked, const share_state& known) {
  return asked.start_offset == no_offset.value() || asked.state_epoch == known.state_epoch;
}

template <typename Batches>
state_batches batches_of(const Batches& from) {
  state_batches out;
  out.reserve(from.size());
  for (const auto& b : from) {
    out.push_back({.first = offset(b.first_offset),
                   .last = offset(b.last_offset),
                   .delivery_state = b.delivery_state,
                   .delivery_count = b.delivery_count});
  }
  return out;
}

}  // namespace

error_code share_coordinator::check(const share_partition& p) const {
  if (!loaded_) return error_code::coordinator_load_in_progress;
  return p.partition < partition_id(0) ? error_code::invalid_request : error_code::none;
}

effects share_coordinator::step(const request& r, const request_context& context) {
  effects out;
  std::visit([&](const auto& one) { on(one, context, out); }, r);
  return out;
}

// The group begins anew, whatever was there; but for what changes nothing.
void share_coordinator::on(const kafka::initialize_share_group_state_request& r,
                           const request_context& c, effects& out) {
  auto answer = each<kafka::initialize_share_group_state_response>(
      r, [&](const share_partition& p, const auto& asked, auto& result) {
        auto error = check(p);
        const auto* known = find(p);
        const bool placed = asked.start_offset != no_offset.value();
        const bool again = known && begins_again(asked, *known) && !broken_.begins_twice;
        if (error == error_code::none && known && !again &&
            older(asked.state_epoch, known->state_epoch))
          error = error_code::fenced_state_epoch;
        if (error == error_code::none) error = exists(p, c);
        refuse(result, error, p);
        if (error != error_code::none || again) return;
        emit_snapshot(p,
                      {.snapshot_epoch = known ? known->snapshot_epoch + 1 : 0,
                       .state_epoch = asked.state_epoch,
                       .leader_epoch = 0,
                       .start = offset(asked.start_offset),
                       .delivery_complete_count = placed ? 0 : -1,
                       .created = c.now.wall,
                       .written = c.now.wall},
                      out);
      });
  out.answers.emplace_back(c.ticket, std::move(answer));
}

// The first thing that a partition's leader does: from then on the one before it is refused. Stored
// also where it says nothing new: a coordinator that has lost its leadership, and does not know,
// must not tell what it has.
void share_coordinator::on(const kafka::read_share_group_state_request& r, const request_context& c,
                           effects& out) {
  auto answer = each<kafka::read_share_group_state_response>(
      r, [&](const share_partition& p, const auto& asked, auto& result) {
        auto error = check(p);
        const auto* known = find(p);
        if (error == error_code::none && !known) error = error_code::invalid_request;
        if (error == error_code::none && older(asked.leader_epoch, known->leader_epoch))
          error = error_code::fenced_leader_epoch;
        if (error == error_code::none) error = exists(p, c);
        refuse(result, error, p, "Read operation on uninitialized share partition not allowed.");
        if (error != error_code::none) return;
        result.state_epoch = known->state_epoch;
        result.start_offset = known->start.value();
        for (const auto& b : known->batches) {
          result.state_batches.push_back({.first_offset = b.first.value(),
                                          .last_offset = b.last.value(),
                                          .delivery_state = b.delivery_state,
                                          .delivery_count = b.delivery_count,
                                          .unknown = {}});
        }
        if (asked.leader_epoch == -1 || broken_.reads_fence_nobody) return;
        emit_update(p,
                    {.leader_epoch = asked.leader_epoch,
                     .start = known->start,
                     .delivery_complete_count = known->delivery_complete_count},
                    c, out);
      });
  out.answers.emplace_back(c.ticket, std::move(answer));
}

void share_coordinator::on(const kafka::write_share_group_state_request& r,
                           const request_context& c, effects& out) {
  auto answer = each<kafka::write_share_group_state_response>(
      r, [&](const share_partition& p, const auto& asked, auto& result) {
        auto error = check(p);
        const auto* known = find(p);
        auto batches = batches_of(asked.state_batches);
        if (error == error_code::none && (!known || !well_formed(batches)))
          error = error_code::invalid_request;
        if (error == error_code::none && !broken_.any_leader_epoch &&
            older(asked.leader_epoch, known->leader_epoch))
          error = error_code::fenced_leader_epoch;
        if (error == error_code::none && !broken_.any_state_epoch &&
            older(asked.state_epoch, known->state_epoch))
          error = error_code::fenced_state_epoch;
        // Not of this state: it was begun anew since that leader read, maybe by a group of the same
        // name that counts its epochs from the start.
        if (error == error_code::none && !broken_.unread_writes && !broken_.reads_fence_nobody &&
            asked.leader_epoch > known->leader_epoch)
          error = error_code::fenced_leader_epoch;
        if (error == error_code::none) error = exists(p, c);
        refuse(result, error, p,
               known ? std::string_view()
                     : "Write operation on uninitialized share partition not allowed.");
        if (error != error_code::none) return;
        // Writes raise no epoch. The start never goes back but by beginning anew.
        emit_update(
            p,
            {.leader_epoch = known->leader_epoch,
             .start = broken_.start_goes_back ? offset(asked.start_offset)
                                              : std::max(known->start, offset(asked.start_offset)),
             .delivery_complete_count = asked.delivery_complete_count,
             .batches = std::move(batches)},
            c, out);
      });
  out.answers.emplace_back(c.ticket, std::move(answer));
}

void share_coordinator::on(const kafka::delete_share_group_state_request& r,
                           const request_context& c, effects& out) {
  auto answer = each<kafka::delete_share_group_state_response>(
      r, [&](const share_partition& p, const auto&, auto& result) {
        auto error = check(p);
        if (error == error_code::none) error = exists(p, c);
        refuse(result, error, p);
        if (error == error_code::none && find(p)) emit_gone(p, out);
      });
  out.answers.emplace_back(c.ticket, std::move(answer));
}

void share_coordinator::on(const kafka::read_share_group_state_summary_request& r,
                           const request_context& c, effects& out) {
  auto answer = each<kafka::read_share_group_state_summary_response>(
      r, [&](const share_partition& p, const auto&, auto& result) {
        auto error = check(p);
        if (error == error_code::none) error = exists(p, c);
        refuse(result, error, p);
        result.delivery_complete_count = -1;
        if (error != error_code::none) return;
        result.start_offset = no_offset.value();
        const auto* known = find(p);
        if (!known) return;
        result.state_epoch = known->state_epoch;
        result.leader_epoch = known->leader_epoch;
        result.start_offset = known->start.value();
        result.delivery_complete_count = known->delivery_complete_count;
      });
  out.answers.emplace_back(c.ticket, std::move(answer));
}

}  // namespace weir::share
