// The real server over the scripted generator, as a program: for clients' tests and for looking at
// the page. Prints its port, and serves until its standard input ends.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/log.h"
#include "freehold/scripted_generator.h"
#include "server/server.h"

namespace {

constexpr const char* story =
    "A freehold is property that is **held outright**, not leased from a landlord.\n\n"
    "With a model of your own:\n\n"
    "1. nobody changes it under you,\n2. nobody reads along,\n3. nobody sends a bill per token.\n\n"
    "```python\nfrom openai import OpenAI\nclient = OpenAI(base_url=\"http://127.0.0.1:8080/v1\")\n"
    "```\n\nGrüße aus 日本 🏡";

// "slow …" answers slowly for long, "say …" repeats; all else gets the story.
std::string answer(const freehold::Request& request) {
  const auto* chat = std::get_if<freehold::Chat>(&request.prompt);
  const auto* text = std::get_if<std::string>(&request.prompt);
  const freehold::Value* last = chat ? chat->messages.back().find("content") : nullptr;
  const std::string asked = last && last->as_string() ? *last->as_string() : text ? *text : "";
  if (asked.starts_with("say ")) return asked.substr(4);
  if (!asked.starts_with("slow")) return story;
  std::string endless;
  for (int i = 0; i < 2000; ++i) endless += " word" + std::to_string(i);
  return endless;
}

}  // namespace

// server_fake [PORT [MILLISECONDS-A-TOKEN]]
int main(int argc, char** argv) {
  freehold::log::set_level(freehold::log::Level::info);
  freehold::Script script;
  script.card = {.name = "scripted",
                 .architecture = "script",
                 .parameters = 135'000'000,
                 .context_length = 8192,
                 .created_unix_s = 1'700'000'000};
  script.answer = answer;
  script.max_running = 16;
  script.token_delay = std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 0);
  freehold::ScriptedGenerator generator(script);
  freehold::server::ServerOptions options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  auto server = freehold::server::Server::open(options, {&generator});
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
