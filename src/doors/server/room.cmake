# Read by cmake/rooms.cmake after the room's library exists.
set_source_files_properties(${folder}/fingerprint.cc PROPERTIES
  COMPILE_DEFINITIONS FREEHOLD_VERSION="${PROJECT_VERSION}")

set(page_source ${PROJECT_BINARY_DIR}/embedded/page_bytes.cc)
add_custom_command(
  OUTPUT ${page_source}
  COMMAND ${CMAKE_COMMAND} -DINPUT=${folder}/page/index.html -DOUTPUT=${page_source}
          -DHEADER=server/page.h -DNAMESPACE=freehold::server -DFUNCTION=page
          -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${folder}/page/index.html ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
target_sources(room_server PRIVATE ${page_source})
