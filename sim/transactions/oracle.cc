#include "sim/transactions/oracle.h"

#include <fmt/format.h>

#include "core/transaction/transaction.h"

namespace weir::sim::transactions {
namespace {

template <typename... Args>
void require(bool holds, fmt::format_string<Args...> what, Args&&... args) {
  if (!holds) throw violation(fmt::format(what, std::forward<Args>(args)...));
}

}  // namespace

transaction_number oracle::begin(client_number by) {
  const auto number = all_.size() + 1;
  all_[number].by = by;
  return number;
}

void oracle::granted(client_number to, producer_id producer, producer_epoch epoch) {
  require(epoch <= transaction::last_epoch_of_clients, "client {} got the last epoch of {}", to,
          producer);
  const auto [at, fresh] = grants_.try_emplace({producer, epoch}, to);
  require(at->second == to, "clients {} and {} are both producer {} epoch {}", at->second, to,
          producer, epoch);
}

void oracle::told_ended(transaction_number t, bool commit) {
  auto& one = of(t);
  one.told = commit ? outcome::commit : outcome::abort;
  require(one.is == outcome::open || one.is == one.told,
          "transaction {} was told to be {}, and is not", t, commit ? "committed" : "aborted");
}

void oracle::stored(transaction_number t, record_number r) {
  auto& one = of(t);
  require(one.stored.insert(r).second, "record {} of transaction {} is there twice", r, t);
}

void oracle::ended(transaction_number t, bool commit, const std::set<record_number>& records) {
  auto& one = of(t);
  const auto now = commit ? outcome::commit : outcome::abort;
  require(one.is == outcome::open || one.is == now, "transaction {} is torn: here {}, there not", t,
          commit ? "committed" : "aborted");
  if (one.is == outcome::open) ++(commit ? committed_ : aborted_);
  one.is = now;
  require(!commit || one.commit_asked, "transaction {} is committed, and nobody asked", t);
  require(one.told == outcome::open || one.told == now,
          "transaction {} was told to be something else than {}", t,
          commit ? "committed" : "aborted");
  one.ended.insert(records.begin(), records.end());
}

void oracle::judge() const {
  for (const auto& [number, one] : all_) {
    require(one.ended.size() == one.stored.size(), "transaction {} hangs: {} of {} records ended",
            number, one.ended.size(), one.stored.size());
    require(one.told != outcome::commit || one.is == outcome::commit || one.acknowledged.empty(),
            "transaction {} was told to be committed, and is not", number);
    for (const auto r : one.acknowledged)
      require(one.stored.contains(r), "record {} of transaction {} is lost", r, number);
  }
}

}  // namespace weir::sim::transactions
