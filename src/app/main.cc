// weir start: command line and data directory first, in plain code; then the reactor with the
// service stack.
#include <sys/resource.h>

#include <seastar/core/app-template.hh>
#include <seastar/core/condition-variable.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/signal.hh>

#include <iostream>

#include "app/broker.h"
#include "app/command_line.h"
#include "app/data_directory.h"

namespace {

using namespace weir;

constexpr int failed = 1;

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

const char* level_of(log_output_level_choice level) {
  switch (level) {
    case log_output_level_choice::error:
      return "error";
    case log_output_level_choice::warn:
      return "warn";
    case log_output_level_choice::info:
      return "info";
    case log_output_level_choice::debug:
      return "debug";
    case log_output_level_choice::trace:
      return "trace";
  }
  return "info";
}

std::vector<std::string> reactor_arguments(const node_options& node) {
  // epoll: the default, linux-aio, dies of an assertion when more sockets wait than it has control
  // blocks.
  std::vector<std::string> arguments{"weir",
                                     "--reactor-backend",
                                     "epoll",
                                     "--lock-memory",
                                     "0",
                                     "--blocked-reactor-notify-ms",
                                     "50",
                                     "--default-log-level",
                                     level_of(node.log_output_level)};
  if (node.node_smp > 0) {
    arguments.insert(arguments.end(), {"--smp", std::to_string(node.node_smp)});
  }
  if (node.node_memory > 0) {
    arguments.insert(arguments.end(), {"--memory", std::to_string(node.node_memory)});
  }
  // Shares its cores with other programs, and sleeps when there is nothing to do.
  arguments.insert(arguments.end(), {"--overprovisioned", "--idle-poll-time-us", "0"});
  return arguments;
}

void say_what_next(const node_options& node) {
  const auto kafka = format_host_port(node.kafka_listen.front());
  const auto brokers = kafka == "127.0.0.1:9092" ? "" : " -b " + kafka;
  std::cout << "\nWeir is ready. Kafka clients: " << kafka << "   admin: http://"
            << format_host_port(node.admin_listen) << "\n\n  weir topic create orders -p 3"
            << brokers << "\n  echo ann:42 | weir produce orders -K :" << brokers
            << "\n  weir consume orders" << brokers << "\n  kcat -b " << kafka
            << " -L\n\nCtrl-C stops it.\n"
            << std::endl;
}

// Resolves at the first SIGTERM or SIGINT; a second one ends the process at once.
class stop_signal {
 public:
  stop_signal() {
    for (const int signal : {SIGTERM, SIGINT}) {
      seastar::handle_signal(signal, [this] {
        if (std::exchange(came_, true)) ::_exit(failed);
        if (call_) call_();
        changed_.broadcast();
      });
    }
  }
  seastar::future<> wait() {
    return changed_.wait([this] { return came_; });
  }
  [[nodiscard]] bool came() const { return came_; }
  void on_signal(std::function<void()> call) { call_ = std::move(call); }

 private:
  bool came_ = false;
  std::function<void()> call_;
  seastar::condition_variable changed_;
};

seastar::future<int> run(app::start_plan plan, std::string data_dir, node_id node) {
  stop_signal stop;
  app::broker broker(plan.options, std::move(data_dir), node);
  stop.on_signal([&broker] { broker.interrupt(); });
  int code = 0;
  try {
    co_await broker.start();
  } catch (const std::exception& e) {
    // Stopped while it waited for other brokers: that is what was wanted.
    if (!stop.came()) {
      std::cerr << "weir: " << e.what() << std::endl;
      code = failed;
    }
  }
  if (code == 0 && !stop.came()) {
    if (plan.dev) say_what_next(resolve_node({.node = &plan.options}));
    co_await stop.wait();
  }
  co_await broker.stop();
  co_return code;
}

}  // namespace

int main(int argc, char** argv) {
  auto plan = app::parse_command_line({argv + 1, argv + argc});
  if (!plan) {
    (plan.error().code == 0 ? std::cout : std::cerr) << plan.error().text;
    return plan.error().code;
  }
  const auto node = resolve_node({.node = &plan->options});
  auto directory = app::data_directory::open(node.node_data_dir,
                                             node_id(static_cast<std::int32_t>(node.node_id)));
  if (!directory) {
    std::cerr << "weir: " << directory.error() << "\n";
    return failed;
  }
  raise_open_files();
  auto arguments = reactor_arguments(node);
  std::vector<char*> raw;
  raw.reserve(arguments.size());
  for (auto& a : arguments) raw.push_back(a.data());
  seastar::app_template::config config;
  config.name = "weir";
  config.auto_handle_sigint_sigterm = false;
  seastar::app_template app(std::move(config));
  return app.run(static_cast<int>(raw.size()), raw.data(),
                 [&plan, path = directory->path(), number = directory->node()] {
                   return run(*plan, path, number);
                 });
}
