// Requests of Kafka's protocol that librdkafka has no function for, over connections of our own.
// They are plain ones: what librdkafka is told of TLS and SASL they don't know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/connection.h"
#include "core/codec/error_code.h"
#include "core/codec/whole.h"

namespace weir::cli {

struct broker_address {
  std::int32_t id = -1;
  std::string host;
  std::int32_t port = 0;
};

class broker_calls {
 public:
  // `c` is connected, and outlives it.
  explicit broker_calls(client& c) : c_(c) {}

  // The property that such connections don't do; empty: there is none.
  static std::string hindrance(const settings& s);

  std::vector<broker_address> brokers();
  // Whether the first broker that answers does. Throws no_answer where none does.
  bool serves(std::int16_t key);

  // Nothing: the broker doesn't serve it. Throws no_answer.
  template <typename Response, typename Request>
  std::optional<Response> ask(const broker_address& at, const Request& what);

  // Asks the group's coordinator, and again while what `error_of` finds in its answer passes by
  // itself. Throws the failure that says what it was in the end.
  template <typename Response, typename Request, typename ErrorOf>
  std::optional<Response> ask_coordinator(const std::string& group, const Request& what,
                                          ErrorOf error_of);
  // The same of each broker, one after the other; those that don't serve it have no answer.
  template <typename Response, typename Request>
  std::vector<Response> ask_all(const Request& what);

  // The id of the broker that was a coordinator last.
  std::int32_t last_coordinator() const { return coordinator_; }

 private:
  using version_range = std::pair<std::int16_t, std::int16_t>;
  struct link {
    connection to;
    std::map<std::int16_t, version_range> versions;  // by API
  };
  class patience;

  link& link_to(const broker_address& at);
  // Nothing: the API isn't served.
  std::optional<version_range> versions_of(const broker_address& at, std::int16_t key);
  fragments call(const broker_address& at, std::int16_t key, std::int16_t version,
                 const fragments& body);
  fragments exchange(connection& to, std::int16_t key, std::int16_t version, const fragments& body);
  // Nothing: not now. Throws the failure of a group that has none.
  std::optional<broker_address> coordinator_of(const std::string& group);

  client& c_;
  std::map<std::pair<std::string, std::int32_t>, link> links_;
  std::int32_t correlation_ = 0;
  std::int32_t coordinator_ = -1;
};

// Until when what passes by itself is asked for again.
class broker_calls::patience {
 public:
  explicit patience(const client& c) : until_(connection::clock::now() + c.options().timeout()) {}
  // Waits a moment; false: it has been long enough.
  bool again();

 private:
  connection::clock::time_point until_;
};

// Whether it is to be asked again (or somewhere else) when a coordinator says so.
bool passes(kafka::error_code error);
// The line of who said nothing that helps, however long it was asked.
failure no_answer_of(const std::string& about, const std::string& why);
// The line of what a broker refused about a group, in its own words where it has some.
failure refused(const std::string& group, kafka::error_code error,
                const std::optional<text>& words);

template <typename Response, typename Request>
std::optional<Response> broker_calls::ask(const broker_address& at, const Request& what) {
  const auto served = versions_of(at, Request::message_key);
  if (!served) return std::nullopt;
  const auto version = std::min(served->second, Request::version_max);
  if (version < std::max(served->first, Request::version_min)) return std::nullopt;
  const auto body = kafka::encode_whole(what, version);
  if (!body) return std::nullopt;  // this version can't say it
  auto told =
      kafka::decode_whole<Response>(call(at, Request::message_key, version, *body), version);
  if (!told) throw no_answer("the answer is not understood");
  return std::move(*told);
}

template <typename Response, typename Request, typename ErrorOf>
std::optional<Response> broker_calls::ask_coordinator(const std::string& group, const Request& what,
                                                      ErrorOf error_of) {
  for (patience wait(c_);;) {
    std::string why = "it has no coordinator now";
    try {
      if (const auto at = coordinator_of(group)) {
        auto told = ask<Response>(*at, what);
        const auto error = told ? error_of(*told) : kafka::error_code::none;
        if (!passes(error)) return told;
        why = kafka::message_of(error);
      }
    } catch (const no_answer& failed) {
      why = failed.what();
    }
    if (!wait.again()) throw no_answer_of("group " + group, why);
  }
}

template <typename Response, typename Request>
std::vector<Response> broker_calls::ask_all(const Request& what) {
  std::vector<Response> out;
  for (const auto& at : brokers()) {
    for (patience wait(c_);;) {
      std::string why;
      try {
        auto told = ask<Response>(at, what);
        if (!told) break;
        if (!passes(told->error)) {
          out.push_back(std::move(*told));
          break;
        }
        why = kafka::message_of(told->error);
      } catch (const no_answer& failed) {
        why = failed.what();
      }
      if (!wait.again()) throw no_answer_of("broker " + std::to_string(at.id), why);
    }
  }
  return out;
}

}  // namespace weir::cli
