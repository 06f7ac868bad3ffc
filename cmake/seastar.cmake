# Debian's libseastar is built by g++ and used from clang: it warns about that once, on purpose silenced here.
set(CMAKE_MESSAGE_LOG_LEVEL_SAVED ${CMAKE_MESSAGE_LOG_LEVEL})
set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
find_package(Seastar REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
set(CMAKE_MESSAGE_LOG_LEVEL ${CMAKE_MESSAGE_LOG_LEVEL_SAVED})

add_library(weir_seastar INTERFACE)
target_link_libraries(weir_seastar INTERFACE Seastar::seastar weir_flags)
# Its headers are not ours to lint.
get_target_property(dirs Seastar::seastar INTERFACE_INCLUDE_DIRECTORIES)
if(dirs)
  target_include_directories(weir_seastar SYSTEM INTERFACE ${dirs})
endif()

# One precompiled header for all Seastar rooms, of things that never change. It holds absolute paths, so it is
# compiled in each clone, past ccache; what includes it is cached under the sum of what it was made from instead of
# its bytes, so that another clone's objects still hit.
add_library(weir_pch STATIC cmake/empty.cc)
target_link_libraries(weir_pch PUBLIC weir_seastar)
target_precompile_headers(weir_pch PRIVATE
  <seastar/core/coroutine.hh> <seastar/core/seastar.hh> <seastar/core/sharded.hh> <seastar/core/gate.hh>
  <seastar/core/file.hh> <seastar/core/semaphore.hh> <seastar/core/shared_future.hh>
  <seastar/core/condition-variable.hh> <seastar/core/metrics.hh> <seastar/core/timer.hh>
  <seastar/core/iostream.hh> <seastar/net/api.hh> <seastar/util/log.hh> <seastar/util/defer.hh>
  <algorithm> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <optional> <span> <string>
  <string_view> <unordered_map> <variant> <vector>)
target_compile_options(weir_pch PUBLIC -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
set_target_properties(weir_pch PROPERTIES CXX_COMPILER_LAUNCHER "")
execute_process(COMMAND dpkg-query -W OUTPUT_VARIABLE packages ERROR_QUIET)
if(packages)
  file(READ ${CMAKE_CURRENT_LIST_FILE} recipe)
  string(SHA256 sum "${packages}${recipe}")
  file(WRITE ${PROJECT_BINARY_DIR}/CMakeFiles/weir_pch.dir/cmake_pch.hxx.pch.sum "${sum}\n")
endif()
