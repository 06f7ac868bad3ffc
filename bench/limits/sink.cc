// weir-sink: accepts connections and throws away what comes, by Seastar as the broker does. How
// fast bytes reach it is what a broker on this machine cannot beat. One argument of its own: the
// port.
#include <seastar/core/app-template.hh>
#include <seastar/core/future.hh>
#include <seastar/core/seastar.hh>
#include <seastar/core/signal.hh>
#include <seastar/net/api.hh>

namespace {

seastar::future<> discard(seastar::connected_socket socket) {
  auto input = socket.input();
  try {
    while (!(co_await input.read()).empty()) {
    }
  } catch (const std::system_error&) {
    // The sender ends when its time is over, however much is under way.
  }
  co_await input.close();
}

seastar::future<> serve(std::uint16_t port) {
  const auto address = seastar::make_ipv4_address({"127.0.0.1", port});
  auto socket = seastar::listen(address, {.reuse_address = true});
  for (;;) {
    auto accepted = co_await socket.accept();
    (void)discard(std::move(accepted.connection));
  }
}

}  // namespace

int main(int argc, char** argv) {
  seastar::app_template::config config;
  config.auto_handle_sigint_sigterm = false;
  seastar::app_template app(std::move(config));
  app.add_options()("port", boost::program_options::value<std::uint16_t>()->required(), "");
  return app.run(argc, argv, [&app]() -> seastar::future<> {
    (void)serve(app.configuration()["port"].as<std::uint16_t>());
    seastar::promise<> ended;
    seastar::handle_signal(SIGTERM, [&ended] { ended.set_value(); }, true);
    co_await ended.get_future();
  });
}
