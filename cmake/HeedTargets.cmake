# One way to make a target, so that warnings, sanitizers and include paths are the same everywhere.

option(HEED_TESTS "Build the tests" ON)
option(HEED_BENCH "Build the benchmarks" OFF)
option(HEED_MUTANTS "Plant bugs, for tests/sim/mutants_main.cpp; never for the product" OFF)
option(HEED_FUZZ "Build the fuzzers; needs clang" OFF)
set(HEED_SANITIZE "" CACHE STRING "Sanitizers for every target of ours, e.g. address,undefined")

find_program(HEED_CCACHE ccache)
if(HEED_CCACHE)
  # Precompiled headers are cached too; time macros do not occur in the sources.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HEED_CCACHE})
endif()
find_program(HEED_MOLD mold)
# Messages are made by one thread and freed by another all day long, which glibc's allocator answers with locks: with
# this one a call costs little more than half. Sanitizers bring their own.
find_library(HEED_ALLOCATOR jemalloc)

# Assertions stay on in every build type.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

function(heed_common target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -g1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Optimizing, GCC 12 takes members of a std::variant that is not the active one for uninitialized, and copies of
    # short strings for overlapping ones.
    target_compile_options(${target} PRIVATE -Werror -Wno-maybe-uninitialized -Wno-restrict)
  else()  # clang builds the fuzzers only; what it would warn of is clang-tidy's business
    target_compile_options(${target} PRIVATE -Wno-sign-conversion -Wno-unused-function -Wno-unused-const-variable
                                             -Wno-defaulted-function-deleted)
  endif()
  target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
  if(HEED_MUTANTS)
    # Only where a bug is planted, so that everything else is compiled as usual.
    get_target_property(sources ${target} SOURCES)
    foreach(source ${sources})
      file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/${source} planted LIMIT_COUNT 1 REGEX "messages/mutant.hpp")
      if(planted)
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS HEED_MUTANTS)
      endif()
    endforeach()
  endif()
  if(HEED_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${HEED_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${HEED_SANITIZE})
    if(HEED_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # Its tables of places are pointers, which at a fixed address need no relocations: the programs are half as large.
      target_compile_options(${target} PRIVATE -fno-pie)
      target_link_options(${target} PUBLIC -no-pie -Wl,--compress-debug-sections=zlib)
    endif()
    if(HEED_SANITIZE MATCHES "thread")  # which knows nothing of fences; Asio's queues have locks as well
      target_compile_definitions(${target} PRIVATE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    endif()
  endif()
  if(HEED_MOLD)
    target_link_options(${target} PUBLIC -fuse-ld=mold)
  endif()
endfunction()

# heed_library(name SOURCES a.cpp ... [LINK lib ...])   static library heed_<name>
function(heed_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(heed_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(heed_${name} PUBLIC ${ARG_LINK})
  heed_common(heed_${name})
endfunction()

# heed_program(target OUTPUT name SOURCES a.cpp ... [LINK lib ...])
function(heed_program target)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;LINK" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  if(ARG_OUTPUT)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${ARG_OUTPUT} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  endif()
  target_link_libraries(${target} PRIVATE ${ARG_LINK})
  if(HEED_ALLOCATOR AND NOT HEED_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,--push-state,--no-as-needed ${HEED_ALLOCATOR} -Wl,--pop-state)
  endif()
  heed_common(${target})
endfunction()

# heed_test(name SOURCES a_test.cpp ... [LINK lib ...] [LABELS unit])   program <name>_tests, one CTest entry
function(heed_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name}_tests ${ARG_SOURCES})
  target_link_libraries(${name}_tests PRIVATE heed_test_main ${ARG_LINK})
  heed_common(${name}_tests)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name}_tests --order rand)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
endfunction()
