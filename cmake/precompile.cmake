# Precompiled headers: they halve the build (docs/decisions/0005-precompiled-headers.md). Not for kernels,
# whose files must not see inline functions of the standard library (see src/matter/kernels/isa).
option(FREEHOLD_PRECOMPILE "precompile heavy headers" ON)

function(freehold_precompile target header)
  get_target_property(type ${target} TYPE)
  if(NOT FREEHOLD_PRECOMPILE OR type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header})
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
endfunction()
