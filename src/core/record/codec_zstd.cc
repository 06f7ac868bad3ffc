// zstd (RFC 8878), streaming. KIP-110.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>

#include "core/base/check.h"
#include "core/record/codecs.h"
#include "core/record/piece_sink.h"

namespace weir::record {
namespace {

constexpr int window_log_always = 23;

// Windows up to 8 MiB are always taken (RFC 8878 recommends it to every decoder); larger ones only
// where the caller allows as much output. 128 MiB is what zstd's own tools take.
int window_log_max(std::size_t size_max) {
  return std::clamp(static_cast<int>(std::bit_width(size_max)), window_log_always, 27);
}

class unzstd final : public streaming_decompressor {
 public:
  unzstd(fragments packed, std::size_t size_max)
      : streaming_decompressor(std::move(packed), size_max), state_(ZSTD_createDCtx()) {
    if (!state_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, window_log_max(size_max));
  }
  ~unzstd() override { ZSTD_freeDCtx(state_); }

 protected:
  std::expected<std::size_t, record_error> fill(char* to, std::size_t room) override {
    ZSTD_outBuffer out{to, room, 0};
    while (true) {
      // Between frames and with nothing left: the end. No bytes at all are no frame, and no error.
      if (in_.left() == 0 && whole_) return 0;
      const auto run = in_.run();
      ZSTD_inBuffer in{run.data(), run.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(state_, &out, &in);
      if (ZSTD_isError(hint)) {
        return std::unexpected(ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge
                                   ? record_error::too_large_unpacked
                                   : record_error::bad_compression);
      }
      in_.skip(in.pos);
      whole_ = hint == 0;
      if (out.pos > 0) return out.pos;
      if (in.pos == 0 && !whole_) return std::unexpected(record_error::bad_compression);  // cut off
    }
  }

 private:
  ZSTD_DCtx* state_;
  bool whole_ = true;
};

class zstd final : public compressor {
 public:
  explicit zstd(int level) : state_(ZSTD_createCCtx()) {
    if (!state_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(state_, ZSTD_c_compressionLevel, level);
    // The highest levels would ask every reader for a window of up to 128 MiB.
    constexpr int first_huge_level = 20;
    if (level >= first_huge_level) {
      ZSTD_CCtx_setParameter(state_, ZSTD_c_windowLog, window_log_always);
    }
  }
  ~zstd() override { ZSTD_freeCCtx(state_); }

  void add(std::string_view more) override { run(more, ZSTD_e_continue); }
  fragments finish() override {
    run({}, ZSTD_e_end);
    return out_.take();
  }

 private:
  void run(std::string_view from, ZSTD_EndDirective what) {
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    std::size_t left = 0;
    do {
      const auto room = out_.room();
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      left = ZSTD_compressStream2(state_, &out, &in, what);
      weir_check(!ZSTD_isError(left), "zstd: {}", ZSTD_getErrorName(left));
      out_.wrote(out.pos);
    } while (what == ZSTD_e_end ? left != 0 : in.pos < in.size);
  }

  ZSTD_CCtx* state_;
  piece_sink out_;
};

}  // namespace

std::unique_ptr<piece_source> make_unzstd(fragments packed, std::size_t size_max) {
  return std::make_unique<unzstd>(std::move(packed), size_max);
}
std::unique_ptr<compressor> make_zstd(int level) {
  return std::make_unique<zstd>(level);
}

}  // namespace weir::record
