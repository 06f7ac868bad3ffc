# Rooms without Seastar have one in sanitized builds only: their other build shows that each file includes what it needs.
# Tests, and what is compiled a second time, always have one.
function(weir_reuse target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()
function(weir_reuse_if_sanitized target name)
  if(WEIR_SANITIZE)
    weir_reuse(${target} ${name})
  endif()
endfunction()

# weir_precompiled(NAME headers…): a precompiled header of things that never change, for all who name it in
# weir_reuse(… NAME). They must be compiled with the same definitions and optimization. It holds
# absolute paths, so it is compiled in each clone, past ccache; what includes it is cached under the sum of what it was
# made from instead of its bytes, so that another clone's objects still hit.
execute_process(COMMAND dpkg-query -W OUTPUT_VARIABLE weir_packages ERROR_QUIET)

function(weir_precompiled name)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/cmake/empty.cc)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  target_compile_options(${name} PUBLIC -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
  set_target_properties(${name} PROPERTIES CXX_COMPILER_LAUNCHER "")
  if(weir_packages)
    string(SHA256 sum "${weir_packages}${ARGN}")
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum "${sum}\n")
  endif()
endfunction()

set(weir_standard_headers <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <deque> <expected> <format>
  <functional> <limits> <map> <memory> <optional> <random> <set> <span> <string> <string_view> <tuple> <unordered_map>
  <utility> <variant> <vector>)

# For these rooms, their breakable copies, their fuzzers and the simulator.
weir_precompiled(weir_core_pch ${weir_standard_headers} <fmt/format.h>)
target_link_libraries(weir_core_pch PUBLIC weir_flags fmt::fmt)
# For their tests.
weir_precompiled(weir_test_pch ${weir_standard_headers} <fmt/format.h> <catch2/catch_all.hpp>)
target_link_libraries(weir_test_pch PUBLIC weir_flags fmt::fmt Catch2::Catch2WithMain)
