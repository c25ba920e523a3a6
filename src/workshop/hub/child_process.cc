#include "hub/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace freehold::hub {
namespace {

constexpr std::size_t max_output_bytes = 64 << 10;
constexpr int poll_ms = 100;
constexpr Duration grace = std::chrono::seconds(2);  // between asking and killing

class Pipe {
 public:
  Pipe() { CHECK(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_writer();
    ::close(ends_[0]);
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::vector<std::string> merged_environment(const ChildCommand& command) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(command.environment.begin(), command.environment.end(),
                                      [&](const auto& pair) { return pair.first == name; });
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [name, value] : command.environment) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// A process group of its own, with signals as a fresh program expects them.
Result<pid_t> spawn(const ChildCommand& command, const Pipe& output, const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  CHECK(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.writer(), STDERR_FILENO);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&defaults, number);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = merged_environment(command);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0].c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return child;
  return fail(ErrorCode::absent,
              fmt::format("cannot run {}: {}", command.arguments[0], std::strerror(error)));
}

// What is there to read now, keeping the end of what came. False at the end of the stream.
bool drain(int descriptor, std::string& text) {
  std::array<char, 4096> piece;
  const ssize_t got = ::read(descriptor, piece.data(), piece.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  text.append(piece.data(), static_cast<std::size_t>(got));
  if (text.size() > max_output_bytes) text.erase(0, text.size() - max_output_bytes);
  return true;
}

int exit_code_of(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return 128 + (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

// Reads both pipes and returns the exit status, or nothing when `stop` says so.
class Watch {
 public:
  Watch(pid_t child, Pipe& output, Pipe& errors)
      : child_(child), output_(output), errors_(errors) {}

  bool step(ChildOutcome& outcome) {
    std::array<pollfd, 2> fds{{{output_open_ ? output_.reader() : -1, POLLIN, 0},
                               {errors_open_ ? errors_.reader() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), poll_ms);
    if (fds[0].revents != 0) output_open_ = drain(output_.reader(), outcome.output);
    if (fds[1].revents != 0) errors_open_ = drain(errors_.reader(), outcome.errors);
    const bool quiet = fds[0].revents == 0 && fds[1].revents == 0;
    if (!ended_) ended_ = ::waitpid(child_, &status_, WNOHANG) == child_;
    // A grandchild may keep the pipes open for ever: what is silent after the end is over.
    return !(ended_ && (quiet || (!output_open_ && !errors_open_)));
  }

  void end_group() {
    ::kill(-child_, SIGTERM);
    ChildOutcome ignored;
    for (const Duration begin = Clock::system().now();
         !ended_ && Clock::system().now() - begin < grace;) {
      step(ignored);
    }
    ::kill(-child_, SIGKILL);
    if (!ended_) ended_ = ::waitpid(child_, &status_, 0) == child_;
  }

  int exit_code() const { return exit_code_of(status_); }

 private:
  const pid_t child_;
  Pipe& output_;
  Pipe& errors_;
  bool output_open_ = true;
  bool errors_open_ = true;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace

Result<ChildOutcome> run_child(const ChildCommand& command, const std::atomic<bool>* cancelled,
                               const std::function<void()>& tick) {
  CHECK(!command.arguments.empty());
  Pipe output, errors;
  const pid_t child = TRY(spawn(command, output, errors));
  output.close_writer();
  errors.close_writer();
  Watch watch(child, output, errors);
  ChildOutcome outcome;
  const Duration begin = Clock::system().now();
  while (watch.step(outcome)) {
    if (tick) tick();
    const bool stop = cancelled != nullptr && cancelled->load();
    const bool late = Clock::system().now() - begin > command.time_limit;
    if (!stop && !late) continue;
    watch.end_group();
    if (stop) return fail(ErrorCode::interrupted, "interrupted " + command.arguments[0]);
    return fail(ErrorCode::absent, fmt::format("{} took longer than {} s", command.arguments[0],
                                               seconds(command.time_limit)));
  }
  outcome.exit_code = watch.exit_code();
  return outcome;
}

}  // namespace freehold::hub
