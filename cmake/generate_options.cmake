include_guard(GLOBAL)
# Options: decl/options/*.opt become core/options/declared.{h,cc} and the text of docs/options.md.
file(GLOB option_declarations CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/decl/options/*.opt)
file(GLOB option_generator CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/gen/options*.py)
set(option_folder ${PROJECT_BINARY_DIR}/gen/core/options)
add_custom_command(
  OUTPUT ${option_folder}/declared.h ${option_folder}/declared.cc ${option_folder}/options.md
  COMMAND python3 -B ${PROJECT_SOURCE_DIR}/gen/options.py --out ${option_folder}
  DEPENDS ${option_declarations} ${option_generator}
  COMMENT "options"
  VERBATIM)
set_property(GLOBAL PROPERTY weir_generated_core_options ${option_folder}/declared.h ${option_folder}/declared.cc)
add_test(NAME options_page COMMAND python3 -B ${PROJECT_SOURCE_DIR}/gen/options.py
  --check ${PROJECT_SOURCE_DIR}/docs/options.md)
