// gzip (RFC 1952) through zlib: small state, no contiguous buffers to speak of.
#include <zlib.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/record/codecs.h"
#include "core/record/piece_sink.h"

namespace weir::record {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // largest window, gzip wrapper

auto* as_input(std::string_view from) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));  // zlib only reads
}
uInt as_count(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
}

class gunzip final : public streaming_decompressor {
 public:
  gunzip(fragments packed, std::size_t size_max)
      : streaming_decompressor(std::move(packed), size_max) {
    if (inflateInit2(&state_, gzip_window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~gunzip() override { inflateEnd(&state_); }

 protected:
  std::expected<std::size_t, record_error> fill(char* to, std::size_t room) override {
    while (!ended_) {
      const auto run = in_.run();
      state_.next_in = as_input(run);
      state_.avail_in = as_count(run.size());
      state_.next_out = reinterpret_cast<Bytef*>(to);
      state_.avail_out = as_count(room);
      const uInt in_before = state_.avail_in;
      const uInt out_before = state_.avail_out;
      const int result = inflate(&state_, Z_NO_FLUSH);
      in_.skip(in_before - state_.avail_in);
      const std::size_t got = out_before - state_.avail_out;
      if (result == Z_STREAM_END) {
        next_member();
      } else if (result == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return std::unexpected(record_error::bad_compression);
      } else if (got == 0 && in_.left() == 0) {
        return std::unexpected(record_error::bad_compression);  // cut off
      }
      if (got > 0) return got;
    }
    return 0;
  }

 private:
  // Another member may follow; anything else behind the first is ignored, as Java ignores it.
  void next_member() {
    char mark[2];
    ended_ = in_.left() < sizeof mark;
    if (ended_) return;
    fragments_cursor ahead = in_;
    ahead.read(mark, sizeof mark);
    ended_ = mark[0] != '\x1f' || mark[1] != '\x8b';
    if (!ended_) inflateReset(&state_);
  }

  z_stream state_{};
  bool ended_ = false;
};

class gzip final : public compressor {
 public:
  explicit gzip(int level) {
    constexpr int memory_level = 8;  // zlib's own default
    const int result = deflateInit2(&state_, level, Z_DEFLATED, gzip_window_bits, memory_level,
                                    Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw std::bad_alloc();
  }
  ~gzip() override { deflateEnd(&state_); }

  void add(std::string_view more) override {
    while (!more.empty()) {
      const auto step = more.substr(0, as_count(more.size()));
      run(step, Z_NO_FLUSH);
      more.remove_prefix(step.size());
    }
  }
  fragments finish() override {
    run({}, Z_FINISH);
    return out_.take();
  }

 private:
  void run(std::string_view from, int flush) {
    state_.next_in = as_input(from);
    state_.avail_in = static_cast<uInt>(from.size());
    int result = Z_OK;
    do {
      const auto room = out_.room();
      state_.next_out = reinterpret_cast<Bytef*>(room.data());
      state_.avail_out = static_cast<uInt>(room.size());
      result = deflate(&state_, flush);
      weir_check(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR,
                 "deflate gave {}", result);
      out_.wrote(room.size() - state_.avail_out);
    } while (flush == Z_FINISH ? result != Z_STREAM_END : state_.avail_in > 0);
  }

  z_stream state_{};
  piece_sink out_;
};

}  // namespace

std::unique_ptr<piece_source> make_gunzip(fragments packed, std::size_t size_max) {
  return std::make_unique<gunzip>(std::move(packed), size_max);
}
std::unique_ptr<compressor> make_gzip(int level) {
  return std::make_unique<gzip>(level);
}

}  // namespace weir::record
