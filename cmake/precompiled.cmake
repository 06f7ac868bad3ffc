# Precompiled headers: what many files include is read once. weir_reuse(TARGET NAME): the one that TARGET uses, which must be
# compiled with the same definitions and optimization. Builds without WEIR_PRECOMPILED (debug) show that each file of the rooms
# without Seastar includes what it needs; some of Seastar's own headers don't.
option(WEIR_PRECOMPILED "a precompiled header for the rooms without Seastar, too" ON)

function(weir_reuse target name)
  if(WEIR_PRECOMPILED OR NOT name STREQUAL "weir_core_pch")
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# weir_precompiled(NAME headers…): one that others may reuse. It holds absolute paths, so it is compiled in each clone, past
# ccache, by a script that also leaves a sum of what is in it: what includes it is cached under that sum instead of its bytes,
# so that another clone's objects still hit.
function(weir_precompiled name)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/cmake/empty.cc)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  target_compile_options(${name} PUBLIC -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
  set_target_properties(${name} PROPERTIES CXX_COMPILER_LAUNCHER "python3;${PROJECT_SOURCE_DIR}/toolchain/precompile.py")
endfunction()

set(weir_standard_headers <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <deque> <expected> <format>
  <functional> <limits> <map> <memory> <optional> <random> <set> <span> <string> <string_view> <tuple> <unordered_map>
  <utility> <variant> <vector>)

# For the rooms without Seastar, their breakable copies, their fuzzers and the simulator.
weir_precompiled(weir_core_pch ${weir_standard_headers} <fmt/format.h>)
target_link_libraries(weir_core_pch PUBLIC weir_flags fmt::fmt)
# For their tests.
weir_precompiled(weir_test_pch ${weir_standard_headers} <fmt/format.h> <catch2/catch_all.hpp>)
target_link_libraries(weir_test_pch PUBLIC weir_flags fmt::fmt Catch2::Catch2WithMain)
