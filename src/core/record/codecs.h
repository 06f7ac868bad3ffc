#pragma once
// What each codec's file offers to compression.cc, and what they share.
#include <memory>

#include "core/record/compression.h"

namespace weir::record {

// A decoder that writes where it is told; the bound and the pieces are kept here.
class streaming_decompressor : public piece_source {
 public:
  streaming_decompressor(fragments packed, std::size_t size_max);
  std::expected<bytes, record_error> next() final;

 protected:
  // Writes up to `room` bytes (at least 1); fewer than 1 only at the end.
  virtual std::expected<std::size_t, record_error> fill(char* to, std::size_t room) = 0;
  fragments packed_;
  fragments_cursor in_;

 private:
  std::size_t left_;        // how much more output is allowed
  std::size_t piece_size_;  // of the next piece
};

// Cuts what is added into blocks of a fixed size.
class block_compressor : public compressor {
 public:
  explicit block_compressor(std::size_t block_size) : block_size_(block_size) {}
  void add(std::string_view more) final;

 protected:
  virtual void block(std::string_view plain) = 0;
  void last_block();

 private:
  std::size_t block_size_;
  std::string staged_;
};

std::unique_ptr<piece_source> make_gunzip(fragments packed, std::size_t size_max);
std::unique_ptr<piece_source> make_unsnappy(fragments packed, std::size_t size_max);
std::unique_ptr<piece_source> make_unlz4(fragments packed, std::size_t size_max);
std::unique_ptr<piece_source> make_unzstd(fragments packed, std::size_t size_max);
std::unique_ptr<compressor> make_gzip(int level);
std::unique_ptr<compressor> make_snappy();
std::unique_ptr<compressor> make_lz4(int level);
std::unique_ptr<compressor> make_zstd(int level);

}  // namespace weir::record
