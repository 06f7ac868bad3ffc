#pragma once
// The clients that ask for subscriptions and push metrics (KIP-714), as one shard knows them: when
// each did last, so that none does more often than it is told to. The least recently heard of is
// forgotten for a new one; all that this costs is one push ahead of its time.
#include <chrono>
#include <expected>
#include <list>
#include <map>
#include <optional>

#include "core/base/uuid.h"
#include "core/telemetry/subscriptions.h"

namespace weir::telemetry {

enum class push_refusal : std::uint8_t {
  too_soon,
  terminated,  // it said that it would push no more
  unknown_subscription,
};

class client_instances {
 public:
  using time = std::chrono::milliseconds;  // since any fixed moment

  explicit client_instances(std::size_t most) : most_(most) {}

  // The client asks what it is to push, which is `now_told`.
  std::expected<void, push_refusal> asked(const uuid& instance, const view& now_told, time now);
  // It pushes what it was told to under `subscription`.
  std::expected<void, push_refusal> pushed(const uuid& instance, const view& now_told,
                                           std::int32_t subscription, bool terminating, time now);
  // A push that was let through turned out to be one that the client has to ask about anew.
  void refused(const uuid& instance);
  [[nodiscard]] std::size_t size() const { return by_use_.size(); }

 private:
  struct entry {
    uuid instance;
    std::int32_t subscription = 0;  // what it was told last
    std::optional<time> asked;
    std::optional<time> pushed;
    bool may_ask = false;      // before its time: an answer said so
    bool asked_since = false;  // its last push
    bool terminated = false;
  };

  entry& find(const uuid& instance);

  std::size_t most_;
  std::list<entry> by_use_;  // least recently heard of first
  std::map<uuid, std::list<entry>::iterator> by_id_;
};

}  // namespace weir::telemetry
