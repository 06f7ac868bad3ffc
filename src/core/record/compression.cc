#include "core/record/compression.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/record/codecs.h"
#include "core/record/piece_sink.h"

namespace weir::record {
namespace {

class shared_pieces final : public piece_source {
 public:
  explicit shared_pieces(fragments from) : from_(std::move(from)) {}
  std::expected<bytes, record_error> next() override {
    if (at_ == from_.pieces().size()) return bytes{};
    return from_.pieces()[at_++];
  }

 private:
  fragments from_;
  std::size_t at_ = 0;
};

class refusal final : public piece_source {
 public:
  explicit refusal(record_error error) : error_(error) {}
  std::expected<bytes, record_error> next() override { return std::unexpected(error_); }

 private:
  record_error error_;
};

class plain_compressor final : public compressor {
 public:
  void add(std::string_view more) override { out_.write(more); }
  fragments finish() override { return out_.take(); }

 private:
  piece_sink out_;
};

}  // namespace

streaming_decompressor::streaming_decompressor(fragments packed, std::size_t size_max)
    : packed_(std::move(packed)),
      in_(packed_),
      left_(size_max),
      // Most batches are small: the first piece is a guess, the later ones are whole.
      piece_size_(std::clamp<std::size_t>(packed_.size() * 8, 512, piece_size_max)) {}

std::expected<bytes, record_error> streaming_decompressor::next() {
  // One byte more than allowed is room enough to see that there is too much.
  const std::size_t room = left_ < piece_size_ ? left_ + 1 : piece_size_;
  std::string piece;
  piece.resize_and_overwrite(room, [](char*, std::size_t size) { return size; });
  std::size_t used = 0;
  while (used < room) {
    const std::size_t got = weir_try(fill(piece.data() + used, room - used));
    if (got == 0) break;
    used += got;
  }
  if (used > left_) return std::unexpected(record_error::too_large_unpacked);
  left_ -= used;
  piece_size_ = piece_size_max;
  piece.resize(used);
  return bytes::from(std::move(piece));
}

void block_compressor::add(std::string_view more) {
  while (!more.empty()) {
    const std::size_t step = std::min(block_size_ - staged_.size(), more.size());
    staged_.append(more.substr(0, step));
    more.remove_prefix(step);
    if (staged_.size() == block_size_) last_block();
  }
}

void block_compressor::last_block() {
  if (staged_.empty()) return;
  block(staged_);
  staged_.clear();
}

std::unique_ptr<piece_source> make_piece_source(fragments from) {
  return std::make_unique<shared_pieces>(std::move(from));
}

std::unique_ptr<piece_source> make_decompressor(codec type, fragments packed,
                                                std::size_t size_max) {
  switch (type) {
    case codec::none:
      if (packed.size() > size_max) {
        return std::make_unique<refusal>(record_error::too_large_unpacked);
      }
      return make_piece_source(std::move(packed));
    case codec::gzip:
      return make_gunzip(std::move(packed), size_max);
    case codec::snappy:
      return make_unsnappy(std::move(packed), size_max);
    case codec::lz4:
      return make_unlz4(std::move(packed), size_max);
    case codec::zstd:
      return make_unzstd(std::move(packed), size_max);
  }
  return std::make_unique<refusal>(record_error::unknown_codec);
}

level_range levels_of(codec type) {
  switch (type) {
    case codec::none:
    case codec::snappy:
      return {0, 0, 0};
    case codec::gzip:
      return {-1, 9, -1};
    case codec::lz4:
      return {1, 17, 9};
    case codec::zstd:
      return {-131072, 22, 3};
  }
  return {0, 0, 0};
}

std::unique_ptr<compressor> make_compressor(codec type, int level) {
  const auto range = levels_of(type);
  level = std::clamp(level, range.least, range.most);
  switch (type) {
    case codec::none:
      return std::make_unique<plain_compressor>();
    case codec::gzip:
      return make_gzip(level);
    case codec::snappy:
      return make_snappy();
    case codec::lz4:
      return make_lz4(level);
    case codec::zstd:
      return make_zstd(level);
  }
  weir_check(false, "compression {}", static_cast<int>(type));
  return nullptr;
}

std::expected<fragments, record_error> decompress(codec type, const fragments& packed,
                                                  std::size_t size_max) {
  const auto source = make_decompressor(type, packed, size_max);
  fragments plain;
  while (true) {
    bytes piece = weir_try(source->next());
    if (piece.empty()) return plain;
    plain.append(std::move(piece));
  }
}

fragments compress(codec type, int level, const fragments& plain) {
  const auto packer = make_compressor(type, level);
  for (const auto& piece : plain.pieces()) packer->add(piece.view());
  return packer->finish();
}

}  // namespace weir::record
