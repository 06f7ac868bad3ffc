#pragma once
// Files for fuzzers: arbitrary bytes dressed up as one kind of file or another.
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/frame.h"
#include "core/log/journal.h"
#include "core/log/segment_header.h"

namespace weir::offline {

// Right checksums from frame to frame, so that what lies behind them is reached.
inline void seal_frames(std::string& file, std::uint64_t salt) {
  using namespace log;
  for (std::size_t at = segment_header_size; at + frame_head_size <= file.size();) {
    char* head = file.data() + at;
    const std::uint32_t body =
        load_le<std::uint16_t>(head + 4) % (file.size() - at - frame_head_size + 1);
    store_le(head + 4, body);
    char* start = head + frame_head_size;
    const bool batch = head[12] == 1 && body >= batch_header_size;
    if (batch) {  // the batch says what the frame says
      std::memcpy(start, head + 24, 8);
      store_be(start, load_le<std::int64_t>(head + 32));
      store_be(start + 8, body - 12);
      store_be(start + 12, static_cast<std::uint32_t>(load_le<std::uint64_t>(head + 16)));
      start[16] = 2;
      store_be(start + 23, static_cast<std::int32_t>(load_le<std::uint32_t>(head + 40) - 1));
    }
    const std::size_t skip = batch ? 21 : 0;
    const auto crc = crc32c({start + skip, body - skip});
    store_le(head + 8, crc);
    if (batch) store_be(start + 17, crc);
    char bound[16];
    store_le(bound, salt);
    store_le<std::uint64_t>(bound + 8, at);
    store_le(head, crc32c({head + 4, frame_head_size - 4}, crc32c({bound, 16})));
    at += frame_head_size + body;
  }
}

inline std::string fuzz_segment(std::string_view frames) {
  std::string file(log::segment_header_size, '\0');
  log::encode(
      log::segment_header{.salt = 1, .first_index = log_index(1), .partition = partition_id(0)},
      std::span<char, log::segment_header_size>(file.data(), log::segment_header_size));
  file += frames;
  return file;
}

// A small file: its size, the magic, version 1, a right checksum of what follows.
inline std::string fuzz_small(std::string_view magic, std::string_view rest) {
  std::string content(magic);
  content.resize(16);
  store_le<std::uint32_t>(content.data() + 8, 1);
  store_le(content.data() + 12, crc32c(rest));
  content += rest;
  std::string file(8, '\0');
  store_le<std::uint64_t>(file.data(), content.size());
  return file + content;
}

inline std::string fuzz_journal(std::string_view records) {
  std::string file =
      log::encode(log::journal_header{.salt = 1, .generation = 1, .first_sequence = 1});
  file += records;
  // The first record's head and table get right checksums; its bytes may be right by luck.
  if (file.size() < log::journal_block + log::journal_record_head_size + log::journal_entry_size)
    return file;
  char* head = file.data() + log::journal_block;
  store_le<std::uint32_t>(head + 12, 1);
  store_le<std::uint64_t>(head + 16, 1);
  store_le<std::uint32_t>(head + 28, 0);
  store_le(head + 4, crc32c({head + log::journal_record_head_size, log::journal_entry_size}));
  char bound[16];
  store_le<std::uint64_t>(bound, 1);
  store_le<std::uint64_t>(bound + 8, log::journal_block);
  store_le(head, crc32c({head + 4, log::journal_record_head_size - 4}, crc32c({bound, 16})));
  return file;
}

inline std::string fuzz_file(std::uint8_t kind, std::string_view bytes) {
  switch (kind % 9) {
    case 0:
      return fuzz_segment(bytes);
    case 1: {
      auto file = fuzz_segment(bytes);
      seal_frames(file, 1);
      return file;
    }
    case 2:
      return fuzz_small("WEIRIDX\n", bytes);
    case 3:
      return fuzz_small("WEIRPSN\n", bytes);
    case 4:
      return fuzz_small("WEIRTRM\n", bytes);
    case 5:
      return fuzz_small("WEIRCKP\n", bytes);
    case 6:
      return fuzz_journal(bytes);
    case 7:
      return "WEIRJNL\n" + std::string(bytes);
    default:
      return std::string(bytes);
  }
}

}  // namespace weir::offline
