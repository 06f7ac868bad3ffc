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

# For all Seastar rooms, their tests included.
set(weir_seastar_headers
  <seastar/core/coroutine.hh> <seastar/core/seastar.hh> <seastar/core/sharded.hh> <seastar/core/gate.hh>
  <seastar/core/file.hh> <seastar/core/semaphore.hh> <seastar/core/shared_future.hh>
  <seastar/core/condition-variable.hh> <seastar/core/metrics.hh> <seastar/core/timer.hh>
  <seastar/core/iostream.hh> <seastar/net/api.hh> <seastar/util/log.hh> <seastar/util/defer.hh>
  <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h> <absl/container/btree_map.h>)
weir_precompiled(weir_pch ${weir_standard_headers} ${weir_seastar_headers})
target_link_libraries(weir_pch PUBLIC weir_seastar absl::flat_hash_map absl::flat_hash_set absl::btree)
