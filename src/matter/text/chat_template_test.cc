#include "text/chat_template.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

std::string render(std::string_view source, const Chat& chat) {
  const auto parsed = ChatTemplate::from_source(source, nullptr);
  if (!parsed) return "error: " + parsed.error().message;
  const auto text = parsed->render(chat, 0);
  return text ? *text : "error: " + text.error().message;
}

Chat hello() {
  Chat chat;
  chat.messages = {message("user", "Hello")};
  return chat;
}

TEST(ChatTemplate, WritesTheConversationAndOpensTheAnswer) {
  constexpr std::string_view source =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
      "{% if add_generation_prompt %}<assistant>{% endif %}";
  Chat chat = hello();
  EXPECT_EQ(render(source, chat), "<user>Hello<assistant>");
  chat.add_generation_prompt = false;
  EXPECT_EQ(render(source, chat), "<user>Hello");
}

TEST(ChatTemplate, EndsWithinTheLastMessageThatIsToBeContinued) {
  constexpr std::string_view source =
      "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</s>{% endfor %}"
      "{% if add_generation_prompt %}<assistant>{% endif %}";
  Chat chat = hello();
  chat.continue_final_message = true;
  chat.messages.push_back(message("assistant", "Hello, I "));
  EXPECT_EQ(render(source, chat), "<user>Hello</s><assistant>Hello, I");
  constexpr std::string_view untrimmed = "{% for m in messages %}{{ m.content }}|{% endfor %}";
  EXPECT_EQ(render(untrimmed, chat), "Hello|Hello, I ");
  EXPECT_EQ(render("{{ messages[0].content }}", chat),
            "error: the chat template changes the last message's text: it cannot be continued");
  chat.messages.back() = message("assistant", " ");
  EXPECT_EQ(render(source, chat), "error: the last message has no text that could be continued");
}

TEST(ChatTemplate, GivesToolsAsNoneWhenThereAreNone) {
  constexpr std::string_view source =
      "{{ tools is none }}{{ tools|tojson }}{{ documents is none }}";
  Chat chat = hello();
  EXPECT_EQ(render(source, chat), "TruenullTrue");
  chat.tools = {Object{{"name", "f"}}};
  EXPECT_EQ(render(source, chat), "False[{\"name\": \"f\"}]True");
}

TEST(ChatTemplate, PassesOnTheCallersArgumentsButNotInPlaceOfTheConversation) {
  Chat chat = hello();
  chat.template_arguments = {
      {"enable_thinking", false}, {"messages", "forged"}, {"bos_token", "B"}};
  EXPECT_EQ(render("{{ enable_thinking }}{{ messages[0].content }}{{ bos_token }}", chat),
            "FalseHelloB");
}

TEST(ChatTemplate, LeavesOutMembersThatAreNull) {
  Chat chat = hello();
  chat.messages.push_back(
      Object{{"role", "assistant"}, {"content", nullptr}, {"tool_calls", List{}}});
  EXPECT_EQ(render("{{ messages[1] }}", chat), "{'role': 'assistant', 'tool_calls': []}");
}

TEST(ChatTemplate, GivesReasoningUnderEveryNameThatTemplatesRead) {
  Chat chat = hello();
  chat.messages.push_back(Object{{"role", "assistant"}, {"content", "a"}, {"reasoning", "r"}});
  EXPECT_EQ(render("{{ messages[1].reasoning_content }}{{ messages[1].thinking }}", chat), "rr");
  EXPECT_EQ(
      render("{{ messages[1]|tojson }}", chat),
      "{\"thinking\": \"r\", \"role\": \"assistant\", \"content\": \"a\", \"reasoning\": \"r\", "
      "\"reasoning_content\": \"r\"}");
}

TEST(ChatTemplate, RefusesConversationsThatAreNone) {
  EXPECT_EQ(render("x", {}), "error: a conversation needs at least one message");
  Chat chat;
  chat.messages = {Value("text")};
  EXPECT_EQ(render("x", chat), "error: messages[0] is not an object");
}

TEST(ChatTemplate, SaysWhatTheTemplateSays) {
  EXPECT_EQ(render("{{ raise_exception('System role not supported') }}", hello()),
            "error: chat template: line 1, column 19: System role not supported");
}

}  // namespace
}  // namespace freehold::text
