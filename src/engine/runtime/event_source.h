#pragma once
// Something happened: those who listen are called, on this shard, in no order. A listener that is
// destroyed no longer listens. Used by fetches that wait for any of many partitions.
#include <boost/intrusive/list.hpp>
#include <functional>

namespace weir {

class event_listener : public boost::intrusive::list_base_hook<
                           boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit event_listener(std::function<void()>* call) : call_(call) {}

 private:
  friend class event_source;
  std::function<void()>* call_;  // not owned: one waiting fetch has many listeners and one function
};

class event_source {
 public:
  void add(event_listener& listener) { listeners_.push_back(listener); }
  // The called function may destroy listeners, its own included, but not this source.
  void notify() {
    list called;
    called.swap(listeners_);
    while (!called.empty()) {
      auto& listener = called.front();
      called.pop_front();
      listeners_.push_back(listener);
      (*listener.call_)();
    }
  }

 private:
  using list = boost::intrusive::list<event_listener, boost::intrusive::constant_time_size<false>>;
  list listeners_;
};

}  // namespace weir
