#include "engine/peer/pending_calls.h"

#include <utility>

namespace weir::peer {

std::string_view name(call_error error) {
  switch (error) {
    case call_error::unreachable:
      return "unreachable";
    case call_error::timed_out:
      return "timed out";
    case call_error::overloaded:
      return "overloaded";
    case call_error::refused:
      return "refused";
    case call_error::unknown_method:
      return "unknown method";
    case call_error::failed:
      return "failed";
  }
  return "unknown";
}

call_error error_of(call_status status) {
  switch (status) {
    case call_status::timed_out:
      return call_error::timed_out;
    case call_status::overloaded:
      return call_error::overloaded;
    case call_status::refused:
      return call_error::refused;
    case call_status::unknown_method:
      return call_error::unknown_method;
    case call_status::done:
    case call_status::failed:
      break;
  }
  return call_error::failed;  // also one that a later version has
}

pending_calls::begun pending_calls::begin(seastar::lowres_clock::time_point deadline) {
  const auto id = ++next_id_;
  auto w = std::make_unique<waiting>();
  w->deadline.set_callback([this, id] { expire(id); });
  w->deadline.arm(deadline);
  auto answer = w->done.get_future();
  waiting_.emplace(id, std::move(w));
  return {id, std::move(answer)};
}

bool pending_calls::leaves(std::int64_t id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return false;
  at->second->left = true;
  return true;
}

void pending_calls::answered(std::int64_t id, call_result result) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return;
  const auto w = std::move(at->second);
  waiting_.erase(at);
  w->done.set_value(std::move(result));
}

void pending_calls::expire(std::int64_t id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return;
  expired_ = std::move(at->second);
  waiting_.erase(at);
  expired_->done.set_value(std::unexpected(call_error::timed_out));
}

void pending_calls::lose_all() {
  for (auto& [id, w] : std::exchange(waiting_, {})) {
    w->done.set_value(std::unexpected(w->left ? call_error::failed : call_error::unreachable));
  }
}

}  // namespace weir::peer
