// The golden messages of tests/vectors/data, which the original Java classes made: decoding and
// encoding gives the same bytes, and the fields read the same.
//
// Names are compared without underscores and case (throttle_time_ms, throttleTimeMs); of records
// the original prints the size alone, as "recordsSizeInBytes".
#include <isa-l/igzip_lib.h>

#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

#include "core/base/check.h"
#include "core/codec/frame.h"
#include "core/codec/probe.h"

namespace weir::kafka {
namespace {

using nlohmann::json;

std::filesystem::path source() {
  const char* from = std::getenv("WEIR_SOURCE");
  weir_check(from != nullptr, "WEIR_SOURCE names the source tree (ctest sets it)");
  return from;
}

std::string gunzip(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string packed((std::istreambuf_iterator<char>(in)), {});
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(packed.data());
  state.avail_in = static_cast<std::uint32_t>(packed.size());
  std::string out;
  do {
    std::string part(1 << 20, '\0');
    state.next_out = reinterpret_cast<std::uint8_t*>(part.data());
    state.avail_out = static_cast<std::uint32_t>(part.size());
    weir_check(isal_inflate(&state) == ISAL_DECOMP_OK, "{} isn't gzip", path.string());
    part.resize(part.size() - state.avail_out);
    if (part.empty() && state.block_state != ISAL_BLOCK_FINISH) break;
    out += part;
  } while (state.block_state != ISAL_BLOCK_FINISH);
  return out;
}

std::string unhex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string plain_name(std::string name) {
  std::erase(name, '_');
  for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view size_suffix = "sizeinbytes";
  if (name == "recordssizeinbytes") name.resize(name.size() - size_suffix.size());
  return name;
}

json plain(const json& value) {
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [name, inner] : value.items()) out[plain_name(name)] = plain(inner);
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const auto& inner : value) out.push_back(plain(inner));
    return out;
  }
  return value;
}

fragments in_pieces(std::string_view whole, std::size_t piece) {
  fragments out;
  for (std::size_t at = 0; at < whole.size(); at += piece) {
    out.append(bytes::copy(whole.substr(at, piece)));
  }
  return out;
}

struct vector_line {
  std::string api, kind;
  std::int16_t version;
  std::string body;
  json fields;
};

std::vector<vector_line> read_vectors(const std::filesystem::path& path) {
  std::vector<vector_line> lines;
  std::istringstream all(gunzip(path));
  for (std::string line; std::getline(all, line);) {
    const auto parsed = json::parse(line);
    lines.push_back({parsed["api"], parsed["kind"], parsed["version"],
                     unhex(parsed["hex"].get<std::string>()), plain(parsed["json"])});
  }
  return lines;
}

std::vector<std::filesystem::path> vector_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source() / "tests/vectors/data")) {
    if (entry.path().filename() != "headers.jsonl.gz") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

const probe& probe_of(const vector_line& line) {
  for (const auto* p : probes()) {
    if (p->name == line.api && p->kind == line.kind) return *p;
  }
  check_failed(std::source_location::current(), line.api, "has a vector and no declaration");
}

void check_one(const vector_line& line) {
  const auto& p = probe_of(line);
  const auto whole = p.run(in_pieces(line.body, SIZE_MAX), line.version, true);
  REQUIRE_FALSE(whole.decode_error);
  REQUIRE_FALSE(whole.encode_error);
  CHECK(whole.again.str() == line.body);
  CHECK(whole.size == line.body.size());
  CHECK(plain(json::parse(whole.json)) == line.fields);
  // However the frame is cut, the same comes out.
  for (const std::size_t piece : {1UZ, 3UZ, 64UZ}) {
    const auto cut = p.run(in_pieces(line.body, piece), line.version, true);
    REQUIRE_FALSE(cut.decode_error);
    CHECK(cut.again.str() == line.body);
    CHECK(cut.json == whole.json);
  }
}

TEST_CASE("golden messages decode, encode and read as the original's") {
  std::map<std::tuple<std::string, std::string, std::int16_t>, int> seen;
  for (const auto& file : vector_files()) {
    for (const auto& line : read_vectors(file)) {
      INFO(line.api << ' ' << line.kind << " v" << line.version << " of " << line.body.size());
      check_one(line);
      ++seen[{line.api, line.kind, line.version}];
    }
  }
  for (const auto* p : probes()) {
    if (p->kind != "request" && p->kind != "response") continue;  // Weir's own
    for (auto version = p->version_min; version <= p->version_max; ++version) {
      INFO(p->name << ' ' << p->kind << " v" << version);
      CHECK(seen[{std::string(p->name), std::string(p->kind), version}] >= 3);
    }
  }
}

// Every truncation of a message, and the message with a byte more, is an error and nothing worse.
TEST_CASE("golden messages cut short are refused") {
  for (const auto& file : vector_files()) {
    std::set<std::pair<std::string, std::int16_t>> done;
    for (const auto& line : read_vectors(file)) {
      if (line.body.size() > 600 || line.body.size() < 10) continue;
      if (!done.insert({line.kind, line.version}).second) continue;
      const auto& p = probe_of(line);
      INFO(line.api << ' ' << line.kind << " v" << line.version);
      for (std::size_t size = 0; size < line.body.size(); ++size) {
        CHECK(p.run(in_pieces(std::string_view(line.body).substr(0, size), 16), line.version, false)
                  .decode_error);
      }
      const auto longer = p.run(in_pieces(line.body + '\0', 16), line.version, false);
      CHECK(longer.decode_error == codec_error::trailing_bytes);
      const auto beyond = static_cast<std::int16_t>(p.version_max + 1);
      CHECK(p.run(in_pieces(line.body, 16), beyond, false).decode_error ==
            codec_error::bad_version);
    }
  }
}

void check_request_header(const vector_line& line) {
  // The original's header says nothing of its own version, which follows from the API: take one
  // that has it.
  auto body = line.body;
  store_be<std::int16_t>(body.data(), line.version == 2 ? 18 : 17);
  store_be<std::int16_t>(body.data() + 2, line.version == 2 ? 3 : 0);
  const auto frame = in_pieces(body, 5);
  reader from(frame);
  const auto header = decode_request_header(from);
  REQUIRE(header);
  CHECK(from.left() == 0);
  CHECK(header->correlation_id == line.fields["correlationid"].get<std::int32_t>());
  const auto& id = line.fields["clientid"];
  CHECK(header->client_id.has_value() == !id.is_null());
  if (!id.is_null()) CHECK(header->client_id->str() == id.get<std::string>());
  writer to;
  REQUIRE(encode_request_header(to, *header));
  CHECK(to.take().str() == body);
}

void check_response_header(const vector_line& line) {
  const auto frame = in_pieces(line.body, 3);
  reader from(frame);
  const auto header = decode_response_header(from, line.version);
  REQUIRE(header);
  CHECK(from.left() == 0);
  CHECK(header->correlation_id == line.fields["correlationid"].get<std::int32_t>());
  writer to;
  encode_response_header(to, *header, line.version);
  CHECK(to.take().str() == line.body);
}

TEST_CASE("golden headers decode and encode") {
  int requests = 0;
  int responses = 0;
  for (const auto& line : read_vectors(source() / "tests/vectors/data/headers.jsonl.gz")) {
    INFO(line.api << " v" << line.version);
    if (line.api == "RequestHeader") {
      check_request_header(line);
      ++requests;
    } else {
      check_response_header(line);
      ++responses;
    }
  }
  CHECK(requests >= 6);
  CHECK(responses >= 6);
}

}  // namespace
}  // namespace weir::kafka
