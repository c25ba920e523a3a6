# Flags that every target shares: warnings are errors, lld links, ccache is used when it is there.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                    -Wno-gnu-statement-expression-from-macro-expansion -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld-19)

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness is what ccache asks for before it caches anything that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

if(FREEHOLD_SANITIZE)
  add_compile_options(-fsanitize=${FREEHOLD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FREEHOLD_SANITIZE})
endif()
if(FREEHOLD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
