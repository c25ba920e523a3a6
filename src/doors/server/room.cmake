# Read by cmake/rooms.cmake after the room's library exists.
set_source_files_properties(${folder}/fingerprint.cc PROPERTIES
  COMPILE_DEFINITIONS FREEHOLD_VERSION="${PROJECT_VERSION}")
freehold_embed(room_server ${folder}/page/index.html freehold::server page_text)
