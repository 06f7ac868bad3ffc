#include "bench/load/transact.h"

#include <algorithm>
#include <deque>
#include <format>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/load/crowd.h"
#include "bench/load/histogram.h"
#include "bench/load/member.h"
#include "bench/load/transactor.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

// As long as Kafka's and librdkafka's clients wait where the transaction before is still ending.
constexpr auto backoff = std::chrono::milliseconds(20);
constexpr auto pause = std::chrono::milliseconds(20);

std::string noise(std::size_t size) {
  std::independent_bits_engine<std::mt19937_64, 8, unsigned> random;
  std::string out(size, '\0');
  std::ranges::generate(out, [&] { return static_cast<char>(random()); });
  return out;
}

// The broker of all transactions: there is one.
std::string await_transactions(const settings& s) {
  connection any(addresses(s.brokers).front());
  const std::vector ids{s.topic};
  for (const auto deadline = clock::now() + patience; clock::now() < deadline;
       std::this_thread::sleep_for(pause))
    if (auto where = coordinators(any, ids, coordinated::transaction).front(); !where.empty())
      return where;
  throw std::runtime_error("nobody coordinates transactions");
}

class transactors {
 public:
  explicit transactors(const settings& s) : value_(noise(s.record_bytes)) {
    const auto where = await_transactions(s);
    for (int i = 0; i < s.clients; ++i) {
      connections_.add(where);
      of_.emplace_back(s, connections_[static_cast<std::size_t>(i)], i, value_);
    }
    for (std::size_t i = 0; i < of_.size(); ++i) begin(i);
  }

  // Each begins another one when one is committed.
  void run(clock::time_point end, bool counted) {
    counted_ = counted;
    while (clock::now() < end) step();
  }

  // Those that are under way end.
  void finish() {
    counted_ = false;
    ending_ = true;
    while (under_way_ > 0) step();
  }

  const histogram& times() const { return times_; }
  std::uint64_t repeats() const { return repeats_; }

 private:
  struct asked_again {
    std::size_t client;
    clock::time_point due;
  };

  void begin(std::size_t i) {
    of_[i].begin();
    of_[i].send(connections_[i]);
    ++under_way_;
  }

  void step() {
    for (; !later_.empty() && later_.front().due <= clock::now(); later_.pop_front())
      of_[later_.front().client].send(connections_[later_.front().client]);
    const auto limit =
        later_.empty()
            ? std::chrono::milliseconds(patience)
            : std::chrono::ceil<std::chrono::milliseconds>(later_.front().due - clock::now());
    const bool came = connections_.await([this](std::size_t i) { heard(i); },
                                         std::max(limit, std::chrono::milliseconds(0)));
    if (!came && later_.empty()) throw std::runtime_error("no transaction went on for a minute");
  }

  void heard(std::size_t i) {
    switch (of_[i].hear(connections_[i])) {
      case transactor::outcome::go_on:
        return of_[i].send(connections_[i]);
      case transactor::outcome::again:
        repeats_ += counted_ ? 1 : 0;
        later_.push_back({i, clock::now() + backoff});
        return;
      case transactor::outcome::committed:
        break;
    }
    if (counted_) times_.add_since(of_[i].begun());
    --under_way_;
    if (!ending_) begin(i);
  }

  const std::string value_;
  crowd connections_;
  std::deque<transactor> of_;
  std::deque<asked_again> later_;  // all wait equally long, so they are in order
  std::size_t under_way_ = 0;
  bool counted_ = false;
  bool ending_ = false;
  histogram times_;
  std::uint64_t repeats_ = 0;
};

}  // namespace

nlohmann::json transact(const settings& s) {
  transactors all(s);
  auto result =
      measured(s, [&all](clock::time_point until, bool counted) { all.run(until, counted); });
  all.finish();
  const auto count = all.times().count();
  if (count == 0) throw std::runtime_error("no transaction was committed");
  result["transactions"] = count;
  result["records"] = count * static_cast<std::uint64_t>(s.records);
  result["bytes"] = count * static_cast<std::uint64_t>(s.records) * s.record_bytes;
  result["repeats"] = all.repeats();
  result["commit_ms"] = in_milliseconds(all.times());
  return result;
}

}  // namespace weir::load
