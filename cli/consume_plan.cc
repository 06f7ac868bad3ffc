#include "cli/consume_plan.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "cli/moment.h"

namespace weir::cli {

namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc() || stop != end) return std::nullopt;
  return out;
}

std::optional<std::int64_t> moment(std::string_view text) {
  return text.starts_with('@') ? parse_moment(text.substr(1)) : std::nullopt;
}

std::vector<topic_partition> chosen_partitions(const consume_request& r, const topic_state& topic) {
  std::vector<topic_partition> out;
  for (const auto& p : topic.partitions) {
    const bool wanted = r.partitions.empty() || std::ranges::contains(r.partitions, p.id);
    if (wanted && p.leader < 0) {
      throw failure(std::format("topic {} partition {} has no leader now", r.topic, p.id));
    }
    if (wanted) out.emplace_back(r.topic, p.id);
  }
  for (const auto id : r.partitions) {
    if (!std::ranges::contains(topic.partitions, id, &partition_state::id)) {
      throw failure(
          std::format("topic {} has no partition {}; it has {}, see: weir topic describe {}",
                      r.topic, id, topic.partitions.size(), r.topic));
    }
  }
  return out;
}

using offsets = std::map<topic_partition, offset_answer>;

offsets ask_offsets(client& c, const consume_request& r, const std::vector<topic_partition>& of,
                    std::int64_t spec) {
  auto out = list_offsets(c, of, spec, r.committed);
  for (const auto& [where, answer] : out) {
    if (answer.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw failure(explain_topic(r.topic, answer.error, nullptr));
    }
  }
  return out;
}

}  // namespace

void check_request(const consume_request& r) {
  const bool named = r.from == "start" || r.from == "end";
  if (!named && !whole_number(r.from) && !moment(r.from)) {
    throw failure(std::format("--offset {}: write start, end, N, -N, or @ and a time such as "
                              "@2013-01-01T05:00Z or @1357016400000",
                              r.from),
                  exit_usage);
  }
  if (r.until != "end" && !moment(r.until)) {
    throw failure(std::format("--until {}: write end, or @ and a time", r.until), exit_usage);
  }
  if (r.follow && r.until != "end") {
    throw failure("--follow never ends; it doesn't go with --until", exit_usage);
  }
}

std::vector<consume_span> plan_consume(client& c, const consume_request& r) {
  const auto partitions = chosen_partitions(r, describe_topic(c, r.topic));
  auto earliest = ask_offsets(c, r, partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST);
  auto latest = ask_offsets(c, r, partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
  offsets from_time, until_time;
  if (const auto at = moment(r.from)) from_time = ask_offsets(c, r, partitions, *at);
  if (const auto at = moment(r.until)) until_time = ask_offsets(c, r, partitions, *at);

  std::vector<consume_span> out;
  for (const auto& where : partitions) {
    const std::int64_t low = earliest[where].offset;
    const std::int64_t high = latest[where].offset;
    consume_span span{where.second, low, high};
    if (r.from == "end") span.first = high;
    if (const auto n = whole_number(r.from)) {
      span.first = r.from.starts_with('-') ? high + *n : *n;
      span.first = std::max(span.first, low);
    }
    // No record is that young: only what comes later can be.
    if (const auto it = from_time.find(where); it != from_time.end()) {
      span.first = it->second.offset < 0 ? high : it->second.offset;
    }
    if (const auto it = until_time.find(where); it != until_time.end() && it->second.offset >= 0) {
      span.end = std::min(high, it->second.offset);
    }
    if (r.follow) span.end.reset();
    out.push_back(span);
  }
  return out;
}

}  // namespace weir::cli
