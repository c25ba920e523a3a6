// The result of anything that can fail, and the two macros that go with it.
// Not for programmer errors: those are CHECKs, which stay on in release builds and which input can
// never reach.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace freehold {

// Why something failed; every kind has the exit code that docs/reference/exit-codes.md promises.
enum class ErrorCode {
  denied = 1,        // the answer is no: malicious, not allowed, a gate failed
  undecided = 2,     // unknown, evidence missing
  usage = 3,         // the caller asked for something that cannot be asked for
  invalid = 4,       // input that cannot be read or is not what it claims
  absent = 5,        // a resource is missing: network, disk, memory, port
  internal = 70,     // our own fault
  interrupted = 130  // stopped on request
};

// The code's name as `--json` prints it.
constexpr std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::undecided:
      return "undecided";
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::absent:
      return "absent";
    case ErrorCode::internal:
      return "internal";
    case ErrorCode::interrupted:
      return "interrupted";
  }
  return "internal";
}

struct Error {
  ErrorCode code;
  std::string message;  // what is wrong and where, one line, no trailing full stop
  std::string hint{};   // what the reader can do about it; may be empty

  // The same error with context in front: "tokenizer.json: merges[3]: not two tokens".
  Error in(std::string_view context) && {
    message = std::string(context) + ": " + message;
    return std::move(*this);
  }
  Error advise(std::string_view advice) && {
    hint = advice;
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;

// `return fail(ErrorCode::invalid, "…")` from any function that returns a Result.
inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(hint)});
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace detail

}  // namespace freehold

// The value of a Result, or return its error from the enclosing function.
#define TRY(expression)                                        \
  __extension__({                                              \
    auto try_result_ = (expression);                           \
    if (!try_result_) [[unlikely]]                             \
      return ::freehold::fail(std::move(try_result_).error()); \
    *std::move(try_result_);                                   \
  })

// The same, with context put in front of the error's message.
#define TRY_IN(context, expression)                                        \
  __extension__({                                                          \
    auto try_result_ = (expression);                                       \
    if (!try_result_) [[unlikely]]                                         \
      return ::freehold::fail(std::move(try_result_).error().in(context)); \
    *std::move(try_result_);                                               \
  })

// What must hold unless this program is wrong. On in release; ends the process with exit code 70.
#define CHECK(condition)                                                \
  do {                                                                  \
    if (!(condition)) [[unlikely]]                                      \
      ::freehold::detail::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
