#pragma once
// A broker of one node in this process, on a directory of its own, and its handlers called as a
// connection calls them.
#include <seastar/core/coroutine.hh>
#include <seastar/core/sharded.hh>
#include <seastar/testing/test_case.hh>

#include <unistd.h>

#include <filesystem>
#include <random>

#include "core/codec/whole.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"
#include "engine/coordinator/coordination.h"

namespace weir::edge {

class served_broker {
 public:
  served_broker() {
    directory_ = std::filesystem::temp_directory_path() /
                 fmt::format("weir-edge-{}-{}", ::getpid(), std::random_device()());
    std::filesystem::create_directories(directory_);
  }
  ~served_broker() { std::filesystem::remove_all(directory_); }
  served_broker(const served_broker&) = delete;

  seastar::future<> start() {
    peer::peer_settings peers;
    peers.self.shards = seastar::smp::count;
    peers.owner = [](const partition_key&, node_id, unsigned) { return 0U; };  // has no peers
    peers.metrics = false;
    co_await peers_.start(peers);
    co_await peers_.invoke_on_all(
        [](peer::peer_links& links) { return links.start(std::nullopt); });
    co_await state_.start(cluster_settings{.data_dir = directory_.string(),
                                           .advertised = {"127.0.0.1", 1},
                                           .peer_address = {"127.0.0.1", 2},
                                           .cache_bytes = 4 << 20,
                                           .dirty_bytes = 4 << 20,
                                           .dirty_bytes_of_one = 4 << 20,
                                           .journal_bytes = 4 << 20,
                                           .free_bytes_min = 0},
                          std::ref(peers_));
    co_await state_.local().open();
    co_await coordination_.start(state_, peers_);
    co_await shares_.start(std::ref(state_), std::ref(coordination_.persisters()));
    with_ =
        std::make_unique<services>(state_.local(), coordination_, shares_.local(), edge_limits{});
  }
  seastar::future<> stop() {
    co_await with_->background.stop();
    with_.reset();
    co_await shares_.stop();
    co_await peers_.invoke_on_all([](peer::peer_links& links) { return links.stop(); });
    co_await coordination_.stop();
    co_await state_.stop();
    co_await peers_.stop();
  }

  seastar::future<> create_topic(std::string name, uuid id) {
    stored::topic_created c;
    c.name = text(name);
    c.topic_id = id;
    c.partitions.emplace_back().replicas.push_back(state_.local().settings().self.value());
    const auto done = co_await state_.local().execute(std::move(c));
    BOOST_REQUIRE(done.has_value());
  }

  // The answer to a request in this version.
  template <typename Response, typename Request>
  seastar::future<Response> ask(Request message, std::int16_t version) {
    const auto key = Request::message_key;
    const auto* handler = find_handler(key);
    BOOST_REQUIRE(handler && version >= handler->version_min && version <= handler->version_max);
    auto body = kafka::encode_whole(message, version);
    BOOST_REQUIRE(body.has_value());
    request r{.header = {.key = key, .version = version, .correlation_id = 7, .client_id = {}},
              .body = *std::move(body),
              .client = std::make_shared<client_facts>(client_facts{.address = "here"}),
              .next_may_start = [] {},
              .hold_until_written = [](seastar::semaphore_units<>) {}};
    const auto frame = co_await handler->call(*with_, std::move(r));
    BOOST_REQUIRE(frame.has_value());
    const std::size_t head =
        kafka::frame_prefix_bytes + 4 + (kafka::response_header_version(key, version) > 0 ? 1 : 0);
    const auto rest = frame->slice(head, frame->size() - head);
    auto answer = kafka::decode_whole<Response>(rest, version);
    BOOST_REQUIRE(answer.has_value());
    co_return *std::move(answer);
  }

  [[nodiscard]] services& with() { return *with_; }
  [[nodiscard]] cluster& state() { return state_.local(); }

 private:
  std::filesystem::path directory_;
  seastar::sharded<peer::peer_links> peers_;
  seastar::sharded<cluster> state_;
  coordination coordination_;
  seastar::sharded<share_reading> shares_;
  std::unique_ptr<services> with_;
};

}  // namespace weir::edge
