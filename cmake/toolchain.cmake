# Flags that every target shares: warnings are errors, lld links, ccache is used when it is there.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                    -Wno-gnu-statement-expression-from-macro-expansion -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld-19)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

if(FREEHOLD_SANITIZE)
  add_compile_options(-fsanitize=${FREEHOLD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FREEHOLD_SANITIZE})
endif()
if(FREEHOLD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
