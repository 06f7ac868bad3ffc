#pragma once
// What becomes of the catalog, for those on this shard who keep something about topics of their
// own.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/uuid.h"

namespace weir {

class topic_listener {
 public:
  virtual ~topic_listener() = default;
  virtual void topic_deleted(const std::string& name, const uuid& id) = 0;
  // Any command was applied: topics, brokers or configs may be others now.
  virtual void catalog_changed() = 0;
};

class topic_news {
 public:
  void add(topic_listener& l) { listeners_.push_back(&l); }
  void remove(topic_listener& l) { std::erase(listeners_, &l); }
  void deleted(const std::string& name, const uuid& id) {
    for (auto* l : listeners_) l->topic_deleted(name, id);
  }
  void changed() {
    for (auto* l : listeners_) l->catalog_changed();
  }

 private:
  std::vector<topic_listener*> listeners_;
};

}  // namespace weir
