#pragma once
// Fetch sessions (KIP-227): a consumer names its partitions once; later fetches name only what
// changed and get only partitions with news. Kept by the shard that serves the connection, so a
// session id is only known there; a consumer that comes by another connection is told
// FETCH_SESSION_ID_NOT_FOUND and begins a new one.
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/codec/error_code.h"
#include "core/codec/fetch.h"

namespace weir::edge {

struct fetch_target {
  std::string topic;  // what the client named: by name up to version 12, by id since 13
  uuid topic_id;
  std::int32_t partition = 0;
  bool operator==(const fetch_target&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const fetch_target& t) {
    return H::combine(std::move(h), t.topic, t.topic_id, t.partition);
  }
};

// What the client wants of a partition, and what it was told last.
struct fetch_want {
  fetch_target target;
  std::int64_t offset = 0;
  std::int32_t bytes_max = 0;
  std::int32_t leader_epoch = -1;
  std::int32_t last_fetched_epoch = -1;
  std::int64_t told_high_watermark = -1;
  std::int64_t told_log_start = -1;
  bool told_error = false;
};

struct fetch_session {
  std::int32_t id = 0;
  std::int32_t next_epoch = 1;
  std::list<fetch_want> wants;  // in the order to serve: a partition that got data goes to the end
  absl::flat_hash_map<fetch_target, std::list<fetch_want>::iterator> by_target;
  bool in_use = false;
  bool closed = false;
};

// What a request is about, after sessions have had their say.
struct fetch_plan {
  kafka::error_code error = kafka::error_code::none;  // of the whole answer
  fetch_session* session = nullptr;                   // null: no session, answer everything
  bool incremental = false;                           // leave out partitions without news
  std::list<fetch_want> loose;                        // the wants where there is no session
  [[nodiscard]] std::list<fetch_want>& wants() { return session ? session->wants : loose; }
};

class fetch_sessions {
 public:
  explicit fetch_sessions(std::size_t most) : most_(most) {}

  fetch_plan begin(const kafka::fetch_request& r);
  // The request is answered: a session that was closed meanwhile goes.
  void end(fetch_plan& plan);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  void merge(fetch_session& s, const kafka::fetch_request& r);
  fetch_session* open(const kafka::fetch_request& r);
  void drop(std::int32_t id);

  std::size_t most_;
  std::list<std::unique_ptr<fetch_session>> by_use_;  // least recently used first
  absl::flat_hash_map<std::int32_t, std::list<std::unique_ptr<fetch_session>>::iterator> sessions_;
};

}  // namespace weir::edge
