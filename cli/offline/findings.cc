#include "cli/offline/findings.h"

namespace weir::offline {

void tally::add(const tally& other) {
  topics += other.topics;
  partitions += other.partitions;
  segments += other.segments;
  frames += other.frames;
  batches += other.batches;
  records += other.records;
  bytes += other.bytes;
  files += other.files;
}

void findings::add(finding f) {
  ++counts_[static_cast<std::size_t>(f.how)];
  if (kept_.size() < kept_max) {
    kept_.push_back(std::move(f));
  } else {
    ++dropped_;
  }
}

void findings::add(const findings& other) {
  for (const auto& f : other.kept_) kept_.push_back(f);
  for (std::size_t i = 0; i < levels; ++i) counts_[i] += other.counts_[i];
  dropped_ += other.dropped_;
  seen.add(other.seen);
}

}  // namespace weir::offline
