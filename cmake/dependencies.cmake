# Libraries from Debian packages. Each is linked by the one room that wraps it (see docs/decisions).
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)

set(FREEHOLD_LIBRARIES_base Threads::Threads OpenSSL::Crypto fmt::fmt spdlog::spdlog
                            nlohmann_json::nlohmann_json CLI11::CLI11)
set(FREEHOLD_LIBRARIES_text PkgConfig::PCRE2 PkgConfig::ICU)
set(FREEHOLD_LIBRARIES_hub CURL::libcurl PkgConfig::ARCHIVE)
set(FREEHOLD_LIBRARIES_server OpenSSL::SSL)
