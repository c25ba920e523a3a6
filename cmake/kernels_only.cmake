# The kernels and their tests alone: for a processor whose Debian libraries are not at hand, where GoogleTest
# is built from the source that Debian's package carries, or for arithmetic in plain words.
if(CMAKE_CROSSCOMPILING)
  add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)
else()
  find_package(GTest REQUIRED)
endif()
set(FREEHOLD_PRECOMPILE OFF)
include(toolchain)
include(precompile)
include(rooms)
enable_testing()
freehold_add_rooms(${PROJECT_SOURCE_DIR}/cmake/kernels_floors.txt)
if(CMAKE_CROSSCOMPILING)
  add_test(NAME house.weak_symbols COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/house/check_weak_symbols.py
                                           ${PROJECT_BINARY_DIR})
endif()

# The arithmetic of AVX-512 and AVX-VNNI on a CPU without them (the preset `emulated`).
option(FREEHOLD_EMULATE_AVX512 "AVX-512's and AVX-VNNI's intrinsics in plain words" OFF)
if(FREEHOLD_EMULATE_AVX512)
  set(kernels ${PROJECT_SOURCE_DIR}/src/matter/kernels)
  set(words ${PROJECT_SOURCE_DIR}/tests)
  set(avx2 -mavx2 -mfma -mf16c -mbmi2)
  set_source_files_properties(${kernels}/isa/avx512.cc ${kernels}/isa/avx512bf16.cc PROPERTIES
    COMPILE_OPTIONS "${avx2};-Wno-psabi;-Wno-unused-parameter;-include;${words}/avx512_in_plain_words.inc")
  set_source_files_properties(${kernels}/isa/avxvnni.cc PROPERTIES
    COMPILE_OPTIONS "${avx2};-include;${words}/avxvnni_in_plain_words.inc")
  set_source_files_properties(${kernels}/dispatch.cc PROPERTIES COMPILE_OPTIONS
    "-D__builtin_cpu_supports(feature)=true")
endif()
