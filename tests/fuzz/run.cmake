# Runs one fuzz target on a copy of its corpus, so that what it finds stays out of the source tree:
# inputs that broke it are left in SCRATCH/findings.
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH}/corpus ${SCRATCH}/findings)
file(GLOB seeds ${CORPUS}/*)
if(seeds)
  file(COPY ${seeds} DESTINATION ${SCRATCH}/corpus)
endif()
execute_process(
  COMMAND ${TARGET} -max_total_time=${SECONDS} -rss_limit_mb=1024 -timeout=5 -verbosity=1
          -print_final_stats=1 -artifact_prefix=${SCRATCH}/findings/ ${SCRATCH}/corpus
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${TARGET} ended with ${status}; see ${SCRATCH}/findings")
endif()
