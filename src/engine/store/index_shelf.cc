#include "engine/store/index_shelf.h"

#include <utility>

namespace weir::store {

void kept_index::take_down() {
  if (!on_) return;
  auto& shelf = *std::exchange(on_, nullptr);
  shelf.used_.erase(shelf.used_.iterator_to(*this));
  shelf.bytes_ -= bytes_;
}

void index_shelf::use(kept_index& index) {
  index.take_down();
  index.on_ = this;
  index.bytes_ = index.memory();
  bytes_ += index.bytes_;
  used_.push_front(index);
  while (bytes_ > bytes_max_ && &used_.back() != &index) {
    auto& last = used_.back();
    last.take_down();
    last.forget_entries();
  }
}

}  // namespace weir::store
