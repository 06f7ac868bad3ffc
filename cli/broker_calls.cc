#include "cli/broker_calls.h"

#include <algorithm>
#include <cctype>
#include <format>
#include <thread>

#include "cli/group_admin.h"
#include "core/codec/api_versions.h"
#include "core/codec/find_coordinator.h"
#include "core/codec/frame.h"

namespace weir::cli {

namespace {

using kafka::error_code;

constexpr std::size_t answer_bytes_max = 256U << 20;
constexpr std::chrono::milliseconds pause{100};

// `whole` as one string: what is sent is small.
std::string request_frame(const kafka::request_header& header, const fragments& body) {
  kafka::writer to;
  (void)kafka::encode_request_header(to, header);
  to.raw(body);
  const auto rest = to.take();
  kafka::writer size;
  size.int32(static_cast<std::int32_t>(rest.size()));
  return size.take().str() + rest.str();
}

}  // namespace

bool passes(error_code error) {
  return error == error_code::coordinator_load_in_progress ||
         error == error_code::coordinator_not_available || error == error_code::not_coordinator;
}

failure no_answer_of(const std::string& about, const std::string& why) {
  return failure(std::format("{}: {}; --timeout waits longer", about, why));
}

failure refused(const std::string& group, error_code error, const std::optional<text>& words) {
  const auto line = words && !words->empty() ? words->str() : std::string(kafka::message_of(error));
  return failure(explain_group(group, static_cast<rd_kafka_resp_err_t>(error), line.c_str()));
}

bool broker_calls::patience::again() {
  if (connection::clock::now() + pause >= until_) return false;
  std::this_thread::sleep_for(pause);
  return true;
}

std::string broker_calls::hindrance(const settings& s) {
  std::string out;
  for (const auto& [name, value] : s.properties) {
    if (name != "security.protocol") continue;
    const bool is_plain = std::ranges::equal(value, std::string_view("plaintext"), {},
                                             [](unsigned char c) { return std::tolower(c); });
    out = is_plain ? "" : std::format("{}={}", name, value);
  }
  return out;
}

std::vector<broker_address> broker_calls::brokers() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto wait = static_cast<int>(c_.options().timeout().count());
  const auto code = rd_kafka_metadata(c_.raw(), 0, nullptr, &metadata, wait);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    c_.poll(std::chrono::milliseconds(0));
    throw c_.unreachable();
  }
  std::vector<broker_address> out;
  out.reserve(static_cast<std::size_t>(metadata->broker_cnt));
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    const auto& b = metadata->brokers[i];
    out.push_back({b.id, b.host, b.port});
  }
  rd_kafka_metadata_destroy(metadata);
  std::ranges::sort(out, {}, &broker_address::id);
  return out;
}

bool broker_calls::serves(std::int16_t key) {
  std::string why = "there is no broker";
  for (const auto& at : brokers()) {
    try {
      return versions_of(at, key).has_value();
    } catch (const no_answer& failed) {
      why = failed.what();
    }
  }
  throw no_answer(why);
}

broker_calls::link& broker_calls::link_to(const broker_address& at) {
  const auto deadline = connection::clock::now() + c_.options().timeout();
  const auto place = std::pair(at.host, at.port);
  if (const auto found = links_.find(place); found != links_.end()) {
    found->second.to.set_deadline(deadline);
    return found->second;
  }
  connection fresh(at.host, std::to_string(at.port), deadline);
  // Version 0: whoever there is understands it.
  const auto told = kafka::decode_whole<kafka::api_versions_response>(
      exchange(fresh, kafka::api_versions_request::message_key, 0, {}), 0);
  if (!told || told->error != error_code::none) throw no_answer("that is no Kafka broker");
  link made{.to = std::move(fresh), .versions = {}};
  for (const auto& api : told->api_keys)
    made.versions[api.api_key] = {api.min_version, api.max_version};
  return links_.emplace(place, std::move(made)).first->second;
}

std::optional<broker_calls::version_range> broker_calls::versions_of(const broker_address& at,
                                                                     std::int16_t key) {
  const auto& all = link_to(at).versions;
  const auto found = all.find(key);
  return found == all.end() ? std::nullopt : std::optional(found->second);
}

// A connection that failed once could still bring the answer to what nobody waits for any more.
fragments broker_calls::call(const broker_address& at, std::int16_t key, std::int16_t version,
                             const fragments& body) {
  try {
    return exchange(link_to(at).to, key, version, body);
  } catch (const no_answer&) {
    links_.erase({at.host, at.port});
    throw;
  }
}

fragments broker_calls::exchange(connection& to, std::int16_t key, std::int16_t version,
                                 const fragments& body) {
  const kafka::request_header header{.key = key,
                                     .version = version,
                                     .correlation_id = ++correlation_,
                                     .client_id = text("weir-cli"),
                                     .unknown = {}};
  to.send(request_frame(header, body));
  const auto size = kafka::frame_size(to.receive(kafka::frame_prefix_bytes), answer_bytes_max);
  if (!size) throw no_answer("that is no Kafka broker");
  const fragments frame(bytes::from(to.receive(*size)));
  kafka::reader from(frame);
  const auto told =
      kafka::decode_response_header(from, kafka::response_header_version(key, version));
  if (!told || told->correlation_id != correlation_) throw no_answer("that is no Kafka broker");
  return frame.slice(frame.size() - from.left(), from.left());
}

std::optional<broker_address> broker_calls::coordinator_of(const std::string& group) {
  kafka::find_coordinator_request asked;
  asked.coordinator_keys.push_back(text(group));
  std::string why = "there is no broker";
  for (const auto& at : brokers()) {
    try {
      const auto told = ask<kafka::find_coordinator_response>(at, asked);
      if (!told || told->coordinators.empty()) continue;
      const auto& one = told->coordinators.front();
      if (one.error == error_code::none) {
        coordinator_ = one.node_id;
        return broker_address{one.node_id, one.host.str(), one.port};
      }
      if (passes(one.error)) return std::nullopt;
      throw refused(group, one.error, one.error_message);
    } catch (const no_answer& failed) {
      why = failed.what();
    }
  }
  throw no_answer(why);
}

}  // namespace weir::cli
