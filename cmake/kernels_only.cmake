# The kernels and their tests for a processor whose Debian libraries are not at hand; GoogleTest is built
# from the source that Debian's package carries.
add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)
set(FREEHOLD_PRECOMPILE OFF)
include(toolchain)
include(precompile)
include(rooms)
enable_testing()
freehold_add_rooms(${PROJECT_SOURCE_DIR}/cmake/kernels_floors.txt)
