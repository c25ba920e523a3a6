#include "cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace freehold::cli {
namespace {

std::atomic<bool> signalled{false};
std::atomic<bool> has_listener{false};
int wake_pipe[2] = {-1, -1};

void on_arrival(int) {
  if (signalled.exchange(true) && !has_listener) ::_exit(static_cast<int>(ErrorCode::interrupted));
  const char byte = 's';
  if (has_listener) {
    [[maybe_unused]] const ssize_t ignored = ::write(wake_pipe[1], &byte, 1);
  }
}

void on_hangup_arrival(int) {
  const char byte = 'h';
  [[maybe_unused]] const ssize_t ignored = ::write(wake_pipe[1], &byte, 1);
}

std::thread listener;
struct sigaction old_interrupt, old_terminate, old_hangup;
bool hears_hangups = false;

void listen(const std::function<void()>& on_signal, const std::function<void()>& on_hangup) {
  char byte = 0;
  while (::read(wake_pipe[0], &byte, 1) == 1 && byte != 'q')
    (byte == 'h' ? on_hangup : on_signal)();
}

}  // namespace

Interrupt::Interrupt(std::function<void()> on_signal, std::function<void()> on_hangup) {
  forget();
  hears_hangups = on_signal && on_hangup;
  if (on_signal) {
    CHECK(::pipe2(wake_pipe, O_CLOEXEC) == 0);
    has_listener = true;
    listener = std::thread(
        [work = std::move(on_signal), other = std::move(on_hangup)] { listen(work, other); });
  }
  struct sigaction action{};
  action.sa_handler = on_arrival;
  ::sigaction(SIGINT, &action, &old_interrupt);
  ::sigaction(SIGTERM, &action, &old_terminate);
  if (hears_hangups) {
    action.sa_handler = on_hangup_arrival;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGHUP, &action, &old_hangup);
  }
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &old_interrupt, nullptr);
  ::sigaction(SIGTERM, &old_terminate, nullptr);
  if (hears_hangups) ::sigaction(SIGHUP, &old_hangup, nullptr);
  if (!has_listener) return;
  const char byte = 'q';
  [[maybe_unused]] const ssize_t ignored = ::write(wake_pipe[1], &byte, 1);
  listener.join();
  has_listener = false;
  ::close(wake_pipe[0]);
  ::close(wake_pipe[1]);
}

bool Interrupt::seen() {
  return signalled;
}
void Interrupt::forget() {
  signalled = false;
}

}  // namespace freehold::cli
