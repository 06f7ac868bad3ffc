# Generated sources: gen/ reads decl/ and writes into the build folder. A room's generated files are put
# into the property weir_generated_<room> before the room is declared.

# Messages of core/codec: one header, one source and one source for tests per declaration.
file(GLOB decls CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/decl/kafka/*.api ${PROJECT_SOURCE_DIR}/decl/stored/*.record
  ${PROJECT_SOURCE_DIR}/decl/peer/*.peer ${PROJECT_SOURCE_DIR}/decl/coordinator/*.log)
file(GLOB generator CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/gen/messages/*.py)
set(gen_out ${PROJECT_BINARY_DIR}/gen)
set(gen_test_sources ${gen_out}/core/codec/probes.cc)
foreach(decl IN LISTS decls)
  get_filename_component(name ${decl} NAME_WE)
  get_filename_component(kind ${decl} LAST_EXT)
  set(base ${gen_out}/core/codec/${name})
  if(kind STREQUAL ".record")
    set(base ${gen_out}/core/codec/stored/${name})
  elseif(kind STREQUAL ".peer")
    set(base ${gen_out}/core/codec/peer/${name})
  elseif(kind STREQUAL ".log")
    set(base ${gen_out}/core/codec/coordinator/${name})
  endif()
  add_custom_command(OUTPUT ${base}.h ${base}.cc ${base}_json.cc
    COMMAND python3 -B ${PROJECT_SOURCE_DIR}/gen/messages ${gen_out} one ${decl}
    DEPENDS ${decl} ${generator} COMMENT "declaration ${name}" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY weir_generated_core_codec ${base}.h ${base}.cc)
  list(APPEND gen_test_sources ${base}_json.cc)
endforeach()
add_custom_command(OUTPUT ${gen_out}/core/codec/api_table.h ${gen_out}/core/codec/probes.cc
  COMMAND python3 -B ${PROJECT_SOURCE_DIR}/gen/messages ${gen_out} all ${decls}
  DEPENDS ${decls} ${generator} COMMENT "declarations, all together" VERBATIM)
set_property(GLOBAL APPEND PROPERTY weir_generated_core_codec ${gen_out}/core/codec/api_table.h)

# Only the tests and fuzzers of core/codec print messages as JSON; they are declared by their room later.
add_library(core_codec_probes STATIC EXCLUDE_FROM_ALL ${gen_test_sources})
function(weir_codec_probes)
  target_link_libraries(core_codec_probes PUBLIC core_codec)
  weir_reuse(core_codec_probes weir_core_pch)
  # Most of a generated file's compile time goes to the headers, the same in all: several share one.
  set_target_properties(core_codec core_codec_probes PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  file(GLOB by_hand CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/core/codec/*.cc)
  set_source_files_properties(${by_hand} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  foreach(user core_codec_test core_codec_requests_fuzz core_codec_responses_fuzz)
    if(TARGET ${user})
      target_link_libraries(${user} PRIVATE core_codec_probes nlohmann_json::nlohmann_json)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL weir_codec_probes)
add_test(NAME gen_messages COMMAND python3 -B ${PROJECT_SOURCE_DIR}/gen/messages_test.py)
