#include "cli/share_view.h"

#include <algorithm>

#include "cli/table.h"

namespace weir::cli {

namespace {

json number_or_null(std::int64_t n) {
  return n < 0 ? json(nullptr) : json(n);
}
std::string cell(std::int64_t n) {
  return n < 0 ? "" : std::to_string(n);
}

// The broker knows what is done behind the start; one that doesn't tell leaves what is behind it.
std::int64_t left_of(const share_row& row, std::int64_t told) {
  if (told >= 0) return told;
  return row.start < 0 || row.end < 0 ? -1 : std::max<std::int64_t>(0, row.end - row.start);
}

}  // namespace

std::vector<share_row> share_rows(client& c, share_groups& shared, const group_state& g) {
  const auto places = shared.places(g.name);
  std::map<topic_partition, share_row> rows;
  for (const auto& [at, place] : places) rows[at].start = place.start;
  for (const auto& m : g.members) {
    for (const auto& at : m.assigned) rows[at].members.push_back(m.id);
  }
  std::vector<topic_partition> all;
  all.reserve(rows.size());
  for (const auto& [at, row] : rows) all.push_back(at);
  for (const auto& [at, end] : list_offsets(c, all, RD_KAFKA_OFFSET_SPEC_LATEST))
    rows[at].end = end.error == RD_KAFKA_RESP_ERR_NO_ERROR ? end.offset : -1;
  std::vector<share_row> out;
  out.reserve(rows.size());
  for (auto& [at, row] : rows) {
    const auto place = places.find(at);
    row.of = at;
    row.lag = left_of(row, place == places.end() ? -1 : place->second.lag);
    out.push_back(std::move(row));
  }
  return out;
}

std::int64_t lag_of(const std::vector<share_row>& rows) {
  std::int64_t out = 0;
  for (const auto& row : rows) out += std::max<std::int64_t>(0, row.lag);
  return out;
}

json to_json(const std::vector<share_row>& rows) {
  json out = json::array();
  for (const auto& row : rows) {
    out.push_back({{"topic", row.of.first},
                   {"partition", row.of.second},
                   {"start", number_or_null(row.start)},
                   {"end", number_or_null(row.end)},
                   {"lag", number_or_null(row.lag)},
                   {"members", row.members}});
  }
  return out;
}

std::string places_text(const std::vector<share_row>& rows) {
  table out(
      {{"TOPIC"}, {"PARTITION", align::right}, {"START", align::right}, {"LAG", align::right}});
  for (const auto& row : rows)
    out.add({row.of.first, std::to_string(row.of.second), cell(row.start), cell(row.lag)});
  return out.empty() ? "" : out.text(wants_bold());
}

std::string lag_text(const std::vector<share_row>& rows) {
  table out({{"TOPIC"},
             {"PARTITION", align::right},
             {"START", align::right},
             {"END", align::right},
             {"LAG", align::right},
             {"MEMBERS"}});
  for (const auto& row : rows) {
    std::string members;
    for (const auto& m : row.members) members += (members.empty() ? "" : " ") + m;
    out.add({row.of.first, std::to_string(row.of.second), cell(row.start), cell(row.end),
             cell(row.lag), members});
  }
  return out.empty() ? "" : out.text(wants_bold());
}

}  // namespace weir::cli
