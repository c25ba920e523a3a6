# Puts a text file into the program: freehold_embed(target folder/file.txt namespace symbol) adds a
# source that defines `const std::string_view namespace::symbol`. The file must not contain the
# raw string's end, `)embedded"`.
function(freehold_embed target file namespace symbol)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(source ${PROJECT_BINARY_DIR}/embedded/${target}_${symbol}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include <string_view>
namespace @namespace@ {
extern const std::string_view @symbol@;
const std::string_view @symbol@ = R\"embedded(@text@)embedded\";
}
")
  target_sources(${target} PRIVATE ${source})
endfunction()
