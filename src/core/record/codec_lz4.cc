// lz4 in its frame format (lz4_Frame_format.md of the lz4 project), as Kafka uses it since KIP-57.
#include <lz4frame.h>

#include <array>

#include "core/base/check.h"
#include "core/record/codecs.h"
#include "core/record/piece_sink.h"

namespace weir::record {
namespace {

class unlz4 final : public streaming_decompressor {
 public:
  unlz4(fragments packed, std::size_t size_max)
      : streaming_decompressor(std::move(packed), size_max) {
    if (LZ4F_isError(LZ4F_createDecompressionContext(&state_, LZ4F_VERSION))) {
      throw std::bad_alloc();
    }
    readable_ = java_reads_it();
  }
  ~unlz4() override { LZ4F_freeDecompressionContext(state_); }

 protected:
  std::expected<std::size_t, record_error> fill(char* to, std::size_t room) override {
    if (!readable_) return std::unexpected(record_error::bad_compression);
    while (!ended_) {
      const auto run = in_.run();
      std::size_t used = run.size();
      std::size_t got = room;
      const std::size_t hint = LZ4F_decompress(state_, to, &got, run.data(), &used, nullptr);
      if (LZ4F_isError(hint)) return std::unexpected(record_error::bad_compression);
      in_.skip(used);
      ended_ = hint == 0;  // what follows the first frame is ignored, as Java ignores it
      if (got > 0) return got;
      if (!ended_ && used == 0) return std::unexpected(record_error::bad_compression);  // cut off
    }
    return 0;
  }

 private:
  // A frame of blocks that depend on each other, or a skippable frame, would be stored and then
  // fail in every Java consumer; Kafka refuses it, so does Weir.
  bool java_reads_it() const {
    std::array<char, 5> head{};
    if (packed_.size() < head.size()) return false;
    packed_.copy_to(0, head.size(), head.data());
    constexpr char independent_blocks = 0x20;
    return std::string_view(head.data(), 4) == "\x04\x22\x4d\x18" &&
           (head[4] & independent_blocks) != 0;
  }

  LZ4F_dctx* state_ = nullptr;
  bool readable_ = false;
  bool ended_ = false;
};

constexpr std::size_t lz4_block_size = 64 * 1024;

class lz4 final : public block_compressor {
 public:
  explicit lz4(int level) : block_compressor(lz4_block_size) {
    preferences_.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences_.frameInfo.blockMode = LZ4F_blockIndependent;
    // Kafka takes its default level for the fast compressor and the others for the thorough one.
    preferences_.compressionLevel = level == levels_of(codec::lz4).standard ? 0 : level;
    preferences_.autoFlush = 1;
    if (LZ4F_isError(LZ4F_createCompressionContext(&state_, LZ4F_VERSION))) throw std::bad_alloc();
    scratch_.resize(LZ4F_compressBound(lz4_block_size, &preferences_));
    keep(LZ4F_compressBegin(state_, scratch_.data(), scratch_.size(), &preferences_));
  }
  ~lz4() override { LZ4F_freeCompressionContext(state_); }

  fragments finish() override {
    last_block();
    keep(LZ4F_compressEnd(state_, scratch_.data(), scratch_.size(), nullptr));
    return out_.take();
  }

 protected:
  void block(std::string_view plain) override {
    keep(LZ4F_compressUpdate(state_, scratch_.data(), scratch_.size(), plain.data(), plain.size(),
                             nullptr));
  }

 private:
  void keep(std::size_t result) {
    weir_check(!LZ4F_isError(result), "lz4: {}", LZ4F_getErrorName(result));
    out_.write(std::string_view(scratch_).substr(0, result));
  }

  LZ4F_cctx* state_ = nullptr;
  LZ4F_preferences_t preferences_{};
  std::string scratch_;
  piece_sink out_;
};

}  // namespace

std::unique_ptr<piece_source> make_unlz4(fragments packed, std::size_t size_max) {
  return std::make_unique<unlz4>(std::move(packed), size_max);
}
std::unique_ptr<compressor> make_lz4(int level) {
  return std::make_unique<lz4>(level);
}

}  // namespace weir::record
