#include <seastar/core/app-template.hh>
#include <seastar/core/coroutine.hh>
int main(int ac, char** av) {
  seastar::app_template app;
  return app.run(ac, av, []() -> seastar::future<int> { co_return 0; });
}
