#pragma once
// What really happened, by what clients did and partitions hold, not by what the coordinator
// thinks.
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/base/ids.h"

namespace weir::sim::transactions {

class violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using transaction_number = std::uint64_t;  // of all of a run; 0: none
using client_number = std::uint64_t;
using record_number = std::uint64_t;

class oracle {
 public:
  transaction_number begin(client_number by);
  // A client was told its producer and epoch: nobody else ever is.
  void granted(client_number to, producer_id producer, producer_epoch epoch);
  void asked_to_commit(transaction_number t) { of(t).commit_asked = true; }
  void told_ended(transaction_number t, bool commit);
  void told_stored(transaction_number t, record_number r) { of(t).acknowledged.insert(r); }

  // A partition's log has a record more, in the transaction that is open there.
  void stored(transaction_number t, record_number r);
  // A marker ended the part of `t` that this partition has.
  void ended(transaction_number t, bool commit, const std::set<record_number>& records);

  // After all: nothing is open, and what was promised is there.
  void judge() const;
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t aborted() const { return aborted_; }

 private:
  enum class outcome : std::uint8_t { open, commit, abort };
  struct one {
    client_number by = 0;
    bool commit_asked = false;
    outcome told = outcome::open;
    outcome is = outcome::open;  // by the first marker
    std::set<record_number> acknowledged;
    std::set<record_number> stored;
    std::set<record_number> ended;
  };
  one& of(transaction_number t) { return all_.at(t); }

  std::map<transaction_number, one> all_;
  std::map<std::pair<producer_id, producer_epoch>, client_number> grants_;
  std::uint64_t committed_ = 0;
  std::uint64_t aborted_ = 0;
};

}  // namespace weir::sim::transactions
