# Precompiled headers: they halve the build (docs/decisions/0005-precompiled-headers.md). Not for kernels,
# whose files must not see inline functions of the standard library (see src/matter/kernels/isa).
# One for all rooms and one for all tests, each made by a library of its own that holds nothing else.
option(FREEHOLD_PRECOMPILE "precompile heavy headers" ON)

function(freehold_precompile target header)
  get_target_property(type ${target} TYPE)
  if(NOT FREEHOLD_PRECOMPILE OR type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  get_filename_component(shared ${header} NAME_WE)
  if(NOT TARGET ${shared})
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${shared}.cc CONTENT "")
    add_library(${shared} OBJECT ${PROJECT_BINARY_DIR}/${shared}.cc)
    target_link_libraries(${shared} PRIVATE room_freehold fmt::fmt GTest::gmock)
    target_precompile_headers(${shared} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header})
    target_compile_options(${shared} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
  endif()
  target_precompile_headers(${target} REUSE_FROM ${shared})
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()
