# The kernels and their tests for a processor whose Debian libraries are not at hand; GoogleTest is built
# from the source that Debian's package carries.
add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)
set(FREEHOLD_PRECOMPILE OFF)
include(toolchain)
include(precompile)
include(rooms)
enable_testing()
freehold_add_rooms(${PROJECT_SOURCE_DIR}/cmake/kernels_floors.txt)

# The arithmetic of AVX-512 on a CPU without it (tools/test_avx512_emulated.sh).
option(FREEHOLD_EMULATE_AVX512 "AVX-512's intrinsics in plain words" OFF)
if(FREEHOLD_EMULATE_AVX512)
  set(kernels ${PROJECT_SOURCE_DIR}/src/matter/kernels)
  set_source_files_properties(${kernels}/isa/avx512.cc PROPERTIES COMPILE_OPTIONS
    "-mavx2;-mfma;-mf16c;-mbmi2;-Wno-psabi;-Wno-unused-parameter;-include;${PROJECT_SOURCE_DIR}/tests/avx512_in_plain_words.inc")
  set_source_files_properties(${kernels}/dispatch.cc PROPERTIES COMPILE_OPTIONS
    "-D__builtin_cpu_supports(feature)=true")
endif()
