// The file system and the one that stands in for it are held to one contract.
#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/testing/test_case.hh>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/store/fault_files.h"
#include "engine/store/file_contract_test.h"

namespace weir::store {
namespace {

class contract_run {
 public:
  contract_run(file_system& files, std::string root) : files_(files), root_(std::move(root)) {}

  seastar::future<> run(contract::named_case c) {
    co_await files_.make_directories(root_);
    for (std::size_t i = 0; i < c.steps.size(); ++i) {
      where_ = fmt::format("'{}', step {}", c.name, i + 1);
      const auto& s = c.steps[i];
      auto came = contract::outcome::done;
      try {
        co_await perform(s);
      } catch (const std::system_error& e) {
        came = e.code().value() == ENOENT ? contract::outcome::missing : contract::outcome::refused;
        why_ = e.what();
      } catch (const std::logic_error& e) {
        came = contract::outcome::refused;
        why_ = e.what();
      }
      BOOST_REQUIRE_MESSAGE(came == s.expected, where_ << ": " << why_);
    }
    for (auto& [path, f] : handles_) co_await f->close();
    for (auto& f : replaced_) co_await f->close();
  }

 private:
  [[nodiscard]] std::string full(std::string_view path) const {
    return fmt::format("{}/{}", root_, path);
  }
  void require(bool good, const std::string& what) {
    BOOST_REQUIRE_MESSAGE(good, where_ << ": " << what);
  }
  void hold(std::string_view path, std::unique_ptr<file> f) {
    auto& slot = handles_[std::string(path)];
    if (slot) replaced_.push_back(std::move(slot));
    slot = std::move(f);
  }

  seastar::future<> perform(const contract::step& s) {
    using enum contract::verb;
    switch (s.what) {
      case make_directories:
        co_return co_await files_.make_directories(full(s.path));
      case create:
        hold(s.path, co_await files_.create(full(s.path)));
        co_return;
      case open:
        hold(s.path, co_await files_.open(full(s.path)));
        co_return;
      case exists:
        co_return require(co_await files_.exists(full(s.path)), "is missing");
      case is_missing:
        co_return require(!co_await files_.exists(full(s.path)), "is there");
      case list:
        co_return co_await check_list(s);
      case remove:
        co_return co_await files_.remove(full(s.path));
      case remove_tree:
        co_return co_await files_.remove_tree(full(s.path));
      case rename:
        co_return co_await files_.rename(full(s.path), full(s.other));
      case sync_directory:
        co_return co_await files_.sync_directory(full(s.path));
      default:
        co_await on_file(*handles_.at(std::string(s.path)), s);
    }
  }

  seastar::future<> on_file(file& f, const contract::step& s) {
    using enum contract::verb;
    if (s.what == write) {
      auto data = seastar::allocate_aligned_buffer<char>(s.size, block_size);
      std::memset(data.get(), s.fill, s.size);
      co_await f.write(s.at, data.get(), s.size);
    } else if (s.what == read) {
      auto data = seastar::allocate_aligned_buffer<char>(s.size, block_size);
      const auto got = co_await f.read(s.at, data.get(), s.size);
      std::string wanted;
      for (const auto& r : s.runs) wanted.append(r.count, r.value);
      require(std::string_view(data.get(), got) == wanted,
              fmt::format("read {} bytes, not {}, or others", got, wanted.size()));
    } else if (s.what == flush) {
      co_await f.flush();
    } else if (s.what == truncate) {
      co_await f.truncate(s.size);
    } else if (s.what == preallocate) {
      co_await f.preallocate(s.at, s.size);
    } else {
      const auto is = co_await f.size();
      require(is == s.size, fmt::format("is {} bytes", is));
    }
  }

  seastar::future<> check_list(const contract::step& s) {
    auto names = co_await files_.list(full(s.path));
    std::ranges::sort(names);
    require(std::ranges::equal(names, s.names), fmt::format("has {}", fmt::join(names, ", ")));
  }

  file_system& files_;
  std::string root_;
  std::map<std::string, std::unique_ptr<file>> handles_;
  std::vector<std::unique_ptr<file>> replaced_;
  std::string where_;
  std::string why_;
};

seastar::future<> run_all(file_system& files, std::string root) {
  auto cases = contract::content_cases();
  for (auto& c : contract::directory_cases()) cases.push_back(std::move(c));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    contract_run one(files, fmt::format("{}/{}", root, i));
    co_await one.run(cases[i]);
  }
}

SEASTAR_TEST_CASE(the_disk_keeps_the_contract) {
  auto files = make_disk_files();
  auto pattern = (std::filesystem::temp_directory_path() / "weir-contract-XXXXXX").string();
  BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const auto root = pattern;
  std::exception_ptr failed;
  try {
    co_await run_all(*files, root);
  } catch (...) {
    failed = std::current_exception();
  }
  const auto space = co_await files->space(root);
  BOOST_REQUIRE(space.total >= space.free && space.total > 0);
  co_await files->remove_tree(root);
  if (failed) std::rethrow_exception(failed);
}

SEASTAR_TEST_CASE(the_test_device_keeps_the_contract) {
  fault_files files(1);
  co_await files.make_directories("/t");
  co_await run_all(files, "/t");
}

SEASTAR_TEST_CASE(and_when_it_is_slow_and_reads_in_pieces) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    fault_files files(seed);
    files.faults.delay_max = 7;
    files.faults.short_read = 0.7;
    co_await files.make_directories("/t");
    co_await run_all(files, "/t");
  }
}

}  // namespace
}  // namespace weir::store
