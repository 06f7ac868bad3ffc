#pragma once
// Collects output in pieces of at most 64 KiB, for codecs that write into a buffer they are given.
#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "core/base/fragments.h"
#include "core/record/compression.h"

namespace weir::record {

class piece_sink {
 public:
  // Where to write next: never empty. Valid until the next call of anything here.
  std::span<char> room() {
    if (used_ == piece_.size()) seal();
    if (piece_.empty()) {
      piece_.resize_and_overwrite(next_size_, [](char*, std::size_t size) { return size; });
      next_size_ = piece_size_max;
    }
    return std::span(piece_).subspan(used_);
  }
  void wrote(std::size_t count) { used_ += count; }
  void write(std::string_view more) {
    while (!more.empty()) {
      const auto here = room();
      const std::size_t step = std::min(here.size(), more.size());
      std::memcpy(here.data(), more.data(), step);
      wrote(step);
      more.remove_prefix(step);
    }
  }
  fragments take() {
    seal();
    return std::move(done_);
  }

 private:
  void seal() {
    if (used_ == 0) return;
    piece_.resize(used_);
    done_.append(bytes::from(std::move(piece_)));
    piece_ = {};
    used_ = 0;
  }

  fragments done_;
  std::string piece_;
  std::size_t used_ = 0;
  std::size_t next_size_ = 4096;  // most batches are small
};

}  // namespace weir::record
