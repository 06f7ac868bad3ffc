#pragma once
// What the store relies on in a file system, as data: named cases, each a row of steps with what
// must come of them. No Seastar here, so that a synchronous disk can be held to the same cases by a
// runner of its own; file_contract_test.cc has the one for store::file_system.
//
// Paths are below a folder that the runner makes. A file that is made or opened stays open under
// that path until the case ends, also when it is renamed or removed meanwhile.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::store::contract {

enum class verb : std::uint8_t {
  make_directories,
  create,
  open,
  write,  // `size` times `fill`
  read,   // gives the runs
  flush,
  truncate,
  preallocate,  // from `at` to `size`
  size,         // is `size`
  exists,
  is_missing,
  list,  // gives `names`, in any order
  remove,
  remove_tree,
  rename,  // to `other`
  sync_directory,
};

enum class outcome : std::uint8_t { done, missing, refused };  // missing: ENOENT

struct run_of {
  char value;
  std::size_t count;
};

struct step {
  verb what;
  std::string_view path;
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  char fill = 0;
  std::vector<run_of> runs = {};
  std::vector<std::string_view> names = {};
  std::string_view other = {};
  outcome expected = outcome::done;
};

struct named_case {
  std::string_view name;
  std::vector<step> steps;
};

inline constexpr std::uint64_t block = 4096;

inline step moves(std::string_view from, std::string_view to) {
  step s{.what = verb::rename, .path = from};
  s.other = to;
  return s;
}
inline step lists(std::string_view path, std::vector<std::string_view> names) {
  step s{.what = verb::list, .path = path};
  s.names = std::move(names);
  return s;
}
inline step fails(step s, outcome how) {
  s.expected = how;
  return s;
}

inline std::vector<named_case> content_cases() {
  using enum verb;
  return {
      {"a new file is empty",
       {{create, "f"}, {size, "f"}, {read, "f", 0, block}, {flush, "f"}, {exists, "f"}}},
      {"what is written is read, flushed or not",
       {{create, "f"},
        {write, "f", 0, 2 * block, 'a'},
        {size, "f", 0, 2 * block},
        {read, "f", 0, 2 * block, 0, {{'a', 2 * block}}},
        {flush, "f"},
        {read, "f", block, block, 0, {{'a', block}}}}},
      {"a read ends where the file ends",
       {{create, "f"},
        {write, "f", 0, 2 * block, 'a'},
        {read, "f", block, 4 * block, 0, {{'a', block}}},
        {read, "f", 2 * block, block},
        {read, "f", 9 * block, block},
        {truncate, "f", 0, block + 100},
        {size, "f", 0, block + 100},
        {read, "f", 0, 2 * block, 0, {{'a', block + 100}}},
        {read, "f", block, block, 0, {{'a', 100}}}}},
      {"a write replaces what it covers and nothing else",
       {{create, "f"},
        {write, "f", 0, 3 * block, 'a'},
        {flush, "f"},
        {write, "f", block, block, 'b'},
        {read, "f", 0, 3 * block, 0, {{'a', block}, {'b', block}, {'a', block}}}}},
      {"a write behind the end leaves zeros between",
       {{create, "f"},
        {write, "f", 0, block, 'a'},
        {write, "f", 3 * block, block, 'b'},
        {read, "f", 0, 4 * block, 0, {{'a', block}, {0, 2 * block}, {'b', block}}}}},
      {"a large read is whole",
       {{create, "f"},
        {write, "f", 0, 64 * block, 'a'},
        {write, "f", 64 * block, 64 * block, 'b'},
        {read, "f", 0, 128 * block, 0, {{'a', 64 * block}, {'b', 64 * block}}}}},
      {"preallocated space reads as zeros and keeps what is there",
       {{create, "f"},
        {write, "f", 0, block, 'a'},
        {preallocate, "f", block, 16 * block},
        {size, "f", 0, 16 * block},
        {read, "f", 0, 16 * block, 0, {{'a', block}, {0, 15 * block}}},
        {write, "f", block, block, 'b'},
        {flush, "f"},
        {read, "f", 0, 3 * block, 0, {{'a', block}, {'b', block}, {0, block}}}}},
      {"what was cut off does not come back",
       {{create, "f"},
        {write, "f", 0, 4 * block, 'a'},
        {flush, "f"},
        {truncate, "f", 0, block},
        {size, "f", 0, block},
        {preallocate, "f", block, 4 * block},
        {read, "f", 0, 4 * block, 0, {{'a', block}, {0, 3 * block}}},
        {truncate, "f", 0, block},
        {truncate, "f", 0, 3 * block},
        {read, "f", 0, 4 * block, 0, {{'a', block}, {0, 2 * block}}}}},
      {"two handles of a file see each other's writes",
       {{create, "f"},
        {write, "f", 0, block, 'a'},
        moves("f", "g"),
        {open, "g"},
        {write, "g", 0, block, 'b'},
        {read, "f", 0, block, 0, {{'b', block}}}}},
      {"writes are at whole blocks",
       {{create, "f"}, fails({write, "f", 100, block, 'a'}, outcome::refused)}},
  };
}

inline std::vector<named_case> directory_cases() {
  using enum verb;
  return {
      {"what is not there can't be opened, renamed, removed, listed or synced",
       {fails({open, "f"}, outcome::missing),
        fails(moves("f", "g"), outcome::missing),
        fails({remove, "f"}, outcome::missing),
        fails({list, "d"}, outcome::missing),
        fails({sync_directory, "d"}, outcome::missing),
        fails({create, "d/f"}, outcome::missing),
        {is_missing, "f"}}},
      {"creating an existing file empties it",
       {{create, "f"},
        {write, "f", 0, block, 'a'},
        {flush, "f"},
        {create, "f"},
        {size, "f"},
        {preallocate, "f", 0, block},
        {read, "f", 0, block, 0, {{0, block}}}}},
      {"a rename replaces its target",
       {{create, "a"},
        {write, "a", 0, block, 'a'},
        {create, "b"},
        {write, "b", 0, 2 * block, 'b'},
        moves("a", "b"),
        {is_missing, "a"},
        {read, "b", 0, 2 * block, 0, {{'b', 2 * block}}},
        {open, "b"},
        {read, "b", 0, 2 * block, 0, {{'a', block}}}}},
      {"a removed file lasts as long as its handles",
       {{create, "f"},
        {write, "f", 0, block, 'a'},
        {remove, "f"},
        {is_missing, "f"},
        {read, "f", 0, block, 0, {{'a', block}}},
        {create, "f"},
        {size, "f"}}},
      {"a folder lists its own entries",
       {{make_directories, "d/e"},
        {create, "d/f"},
        {create, "d/e/g"},
        lists("d", {"e", "f"}),
        lists("d/e", {"g"}),
        {sync_directory, "d"},
        moves("d/f", "d/h"),
        lists("d", {"e", "h"})}},
      {"folders are made with their parents, and again without harm",
       {{make_directories, "a/b/c"},
        {create, "a/b/c/f"},
        {make_directories, "a/b/c"},
        lists("a/b/c", {"f"}),
        {exists, "a/b"}}},
      {"only an empty folder is removed",
       {{make_directories, "d"},
        {create, "d/f"},
        fails({remove, "d"}, outcome::refused),
        {remove, "d/f"},
        {remove, "d"},
        {is_missing, "d"}}},
      {"a tree goes as a whole",
       {{make_directories, "d/e"},
        {create, "d/f"},
        {create, "d/e/g"},
        {make_directories, "dd"},
        {remove_tree, "d"},
        {is_missing, "d/e/g"},
        {is_missing, "d"},
        {exists, "dd"}}},
  };
}

}  // namespace weir::store::contract
