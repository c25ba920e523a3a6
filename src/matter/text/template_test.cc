#include "text/template.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

std::string render(std::string_view source, const Object& context = {}) {
  const Result<Template> parsed = Template::parse(source);
  if (!parsed) return "parse: " + parsed.error().message;
  const Result<std::string> text = parsed->render(context, 0);
  return text ? *text : "render: " + text.error().message;
}

TEST(Template, WritesTextAndValues) {
  EXPECT_EQ(render("a{{ x }}b", {{"x", "-"}}), "a-b");
}

}  // namespace
}  // namespace freehold::text
