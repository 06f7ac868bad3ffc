# The rooms of the house, from the ground up. A room may use only rooms declared above it, so a cycle
# cannot be written. USES names direct uses; what those use comes with them. LIBS are outside libraries.
# The include check (toolchain/rooms.py) reads the same lines on every build.

weir_room(core/base    LIBS fmt::fmt absl::flat_hash_map absl::flat_hash_set absl::inlined_vector PkgConfig::isal)
weir_room(core/options USES core/base)
weir_room(core/codec   USES core/base)
weir_room(core/record  USES core/base LIBS PkgConfig::isal PkgConfig::zstd PkgConfig::lz4 snappy z)
weir_room(core/raft    USES core/base)
weir_room(core/telemetry USES core/base)
weir_room(core/log     USES core/record)
weir_room(core/catalog USES core/codec core/options)
weir_room(core/group   USES core/codec core/options LIBS re2)
weir_room(core/peer    USES core/codec core/raft)
weir_room(core/transaction USES core/codec core/group)
weir_room(core/share USES core/codec core/group)

weir_room(engine/runtime USES core/base SEASTAR)
weir_room(engine/store   USES engine/runtime core/log)
weir_room(engine/peer    USES engine/runtime core/peer core/options)
weir_room(engine/replica USES engine/store engine/peer)
weir_room(engine/cluster USES engine/replica core/catalog)

# What nearly all files of the rooms above these two include.
if(NOT WEIR_PURE)
  weir_precompiled(weir_cluster_pch ${weir_standard_headers} ${weir_seastar_headers}
    <engine/cluster/cluster.h> <core/group/coordinator.h>)
  target_link_libraries(weir_cluster_pch PUBLIC engine_cluster core_group)
endif()

weir_room(engine/coordinator USES engine/cluster core/group core/transaction core/share PRECOMPILED weir_cluster_pch)
weir_room(engine/share USES engine/coordinator PRECOMPILED weir_cluster_pch)

weir_room(edge/kafka USES engine/share core/telemetry PRECOMPILED weir_cluster_pch)
weir_room(edge/admin USES engine/coordinator LIBS nlohmann_json::nlohmann_json PRECOMPILED weir_cluster_pch)

weir_room(app USES edge/kafka edge/admin LIBS yaml-cpp::yaml-cpp CLI11::CLI11)
