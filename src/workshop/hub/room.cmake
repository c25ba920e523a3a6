# Read by cmake/rooms.cmake after the room's library exists.
freehold_embed(room_hub ${folder}/catalogue.toml freehold::hub catalogue_text)
