// The real server over the scripted generator, as a program: for clients' tests and for looking at
// the page. Prints its port, and serves until its standard input ends.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/log.h"
#include "script.h"
#include "server/server.h"

// server_fake [PORT [MILLISECONDS-A-TOKEN]]
int main(int argc, char** argv) {
  using namespace freehold;
  log::set_level(log::Level::info);
  Script script = conformance::script("scripted");
  script.max_running = 16;
  script.token_delay = std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 0);
  ScriptedGenerator generator(script);
  server::ServerOptions options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  auto server = server::Server::open(options, {&generator});
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 5;
  }
  std::printf("%u\n", (*server)->port());
  std::fflush(stdout);
  std::thread watcher([&] {
    while (std::getchar() != EOF) {
    }
    (*server)->stop();
  });
  const auto ended = (*server)->run();
  watcher.join();
  return ended ? 0 : 70;
}
