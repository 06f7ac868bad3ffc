// A partition's directory and a journal of arbitrary bytes: verify ends with findings, never with a
// crash.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/offline/directory_check.h"
#include "cli/offline/fuzz_files.h"

using namespace weir;
using namespace weir::offline;

namespace {

void write(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

// Once for the process; every input overwrites the same files.
struct folder {
  folder() {
    path = std::filesystem::temp_directory_path() / ("weir-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path + "/topics/t.AAAAAAAAAAAAAAAAAAAAAA/0");
    std::filesystem::create_directories(path + "/catalog");
    std::filesystem::create_directories(path + "/journal");
    write(path + "/format", "1\n");
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  std::string path;
};

const std::string& root() {
  static const folder made;
  return made.path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t head = 4;
  if (size < head) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + head, size - head);
  // The input is cut into the files of a partition, the catalog and a journal.
  const auto first = rest.substr(0, rest.size() * data[0] / 255);
  const auto second = rest.substr(first.size());
  const auto partition = root() + "/topics/t.AAAAAAAAAAAAAAAAAAAAAA/0/";
  write(partition + "00000000000000000001.log", fuzz_file(data[1] % 2, first));
  write(partition + "00000000000000000001.idx", fuzz_file(data[2] % 2 == 0 ? 2 : data[3], second));
  write(partition + "00000000000000000001.producers", fuzz_file(3, second));
  write(partition + "terms", fuzz_file(4, second));
  write(partition + "checkpoint", fuzz_file(5, second));
  write(root() + "/catalog/00000000000000000001.log", fuzz_file(data[1] % 2, second));
  write(root() + "/journal/0-0.journal", fuzz_file(6, first));
  progress p;
  (void)check({.path = root()}, p, [](const findings&) {});
  return 0;
}
