#pragma once
// One client's connection: reads frames, keeps answers in request order, reserves memory for both
// directions. A client that sends without reading stops being read; one that does neither for long
// is closed.
#include <seastar/core/condition-variable.hh>
#include <seastar/core/iostream.hh>
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/semaphore.hh>
#include <seastar/net/api.hh>

#include <deque>
#include <memory>

#include "edge/kafka/request.h"
#include "edge/kafka/services.h"
#include "engine/runtime/fibers.h"

namespace weir::edge {

class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(services& with, seastar::connected_socket socket, std::string peer,
             std::uint16_t port);

  // Serves until the client leaves, breaks the protocol, or shut() is called and what is in flight
  // has been answered.
  seastar::future<> serve();
  // No further request is read; answers under way are still written.
  void shut();
  // Closes at once if nothing has moved since `idle`, or answers wait and none of them has moved
  // since `stalled`.
  void close_if_idle(seastar::lowres_clock::time_point idle,
                     seastar::lowres_clock::time_point stalled);
  // Closes at once.
  void drop();

 private:
  struct exchange {
    std::int16_t key = 0;
    seastar::semaphore_units<> memory;  // the frame's
    seastar::semaphore_units<> answer_memory;
    std::optional<fragments> body;  // of the answer
    bool done = false;
    bool ordered = false;
    bool failed = false;
    std::chrono::steady_clock::time_point started;
  };
  using exchange_ptr = std::shared_ptr<exchange>;

  seastar::future<> read_requests();
  seastar::future<> write_answers();
  seastar::future<std::optional<fragments>> read_frame(seastar::semaphore_units<>& memory);
  seastar::future<std::optional<fragments>> take(std::size_t size);
  seastar::future<> start(fragments frame, seastar::semaphore_units<> memory);
  seastar::future<> run(exchange_ptr e, const api_handler* api, request r);
  seastar::future<> write(exchange& e);
  void watch_for_end();
  seastar::future<> client_leaves();

  services& with_;
  seastar::connected_socket socket_;
  seastar::input_stream<char> in_;
  seastar::output_stream<char> out_;
  std::string peer_;
  std::shared_ptr<client_facts> client_;
  bytes buffered_;                      // read and not yet taken
  std::deque<exchange_ptr> exchanges_;  // in request order
  seastar::condition_variable changed_;
  seastar::gate handlers_;
  bool reading_ = true;
  bool end_watched_ = false;
  seastar::abort_source gone_;
  seastar::lowres_clock::time_point moved_;
};

}  // namespace weir::edge
