#pragma once
// The whole state as a sequence of pieces, and back (docs/formats/catalog-snapshot.md). Each piece
// has a length, a checksum and one record of decl/stored/snapshot_*.record; none is larger than
// piece_bytes_max, so neither side ever needs a large block of memory, and either may pause between
// two pieces.
//
// What was read back equals what was written, so a broker that starts from a snapshot and one that
// applied every command go on alike.
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>

#include "core/base/fragments.h"
#include "core/catalog/snapshot_record.h"
#include "core/catalog/state.h"

namespace weir::catalog {

inline constexpr std::size_t piece_bytes_max = 128 * 1024;

// Gives the pieces. The state must not change before the last one.
class snapshot_writer {
 public:
  explicit snapshot_writer(const state& of);
  // Nothing: that was all.
  std::optional<fragments> next();

 private:
  enum class part : std::uint8_t {
    head,
    brokers,
    broker_configs,
    group_configs,
    client_metrics_configs,
    topics,
    end,
    done
  };

  // Puts what comes next into ready_; false at the end.
  bool step();
  template <typename Record>
  void put(const Record& r);
  void put_head();
  void put_broker(node_id id, const uuid& directory);
  void put_configs(std::int8_t type, std::string_view name, const option_layer& layer,
                   const std::map<std::string, std::string>& unread, std::int64_t version);
  void put_configs(std::int8_t type, std::string_view name, const config_set& set) {
    put_configs(type, name, set.layer, set.unread, set.version);
  }
  void put_topic(const topic& t);
  // From the partition next_partition_ on, as many as fit a piece.
  void put_partitions(const topic& t);

  const state& of_;
  part part_ = part::head;
  std::map<node_id, uuid>::const_iterator broker_;
  std::map<node_id, config_set>::const_iterator broker_configs_;
  named_configs::const_iterator group_configs_;
  named_configs::const_iterator client_metrics_configs_;
  std::map<std::string, std::unique_ptr<topic>, std::less<>>::const_iterator topic_;
  std::optional<std::size_t> next_partition_;  // of *topic_, once that is begun
  std::deque<fragments> ready_;
  std::int64_t pieces_ = 0;
};

enum class snapshot_error : std::uint8_t {
  truncated,      // it has no end
  damaged,        // a checksum is wrong
  malformed,      // it is not what a writer writes
  newer_version,  // a newer Weir wrote it
};

// Takes the bytes as they come, cut anywhere. After an error it is of no use.
class snapshot_reader {
 public:
  std::expected<void, snapshot_error> feed(const fragments& more);
  // The state, if all of it was there.
  std::expected<state, snapshot_error> finish();

 private:
  using outcome = std::expected<void, snapshot_error>;

  outcome take(const fragments& encoded);
  outcome on(const stored::snapshot_head& r);
  outcome on(const stored::snapshot_features& r);
  outcome on(const stored::snapshot_broker& r);
  outcome on(const stored::snapshot_configs& r);
  outcome on(const stored::snapshot_topic& r);
  outcome on(const stored::snapshot_partitions& r);
  outcome on(const stored::snapshot_end& r);

  fragments pending_;
  state state_;
  topic* topic_ = nullptr;  // the last one
  std::int64_t pieces_ = 0;
  bool ended_ = false;
};

// All of it at once.
fragments encode_snapshot(const state& of);
std::expected<state, snapshot_error> decode_snapshot(const fragments& from);

}  // namespace weir::catalog
