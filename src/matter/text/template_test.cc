#include "text/template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/file.h"
#include "base/json.h"

namespace freehold::text {
namespace {

Result<std::string> try_render(std::string_view source, const Object& context = {},
                               const TemplateLimits& limits = {}) {
  const Template parsed = TRY(Template::parse(source, limits));
  return parsed.render(context, 0);
}

std::string render(std::string_view source, const Object& context = {}) {
  const Result<std::string> text = try_render(source, context);
  return text ? *text : "error: " + text.error().message;
}

std::string error_of(std::string_view source, const TemplateLimits& limits = {}) {
  const Result<std::string> text = try_render(source, {}, limits);
  if (!text) EXPECT_EQ(text.error().code, ErrorCode::invalid);
  return text ? "rendered: " + text->substr(0, 200) : text.error().message;
}

// Expects a refusal, with the default budgets of memory and a tenth of the time.
void refused_soon(std::string_view source) {
  const TemplateLimits limits{.max_seconds = 0.08};
  const auto start = std::chrono::steady_clock::now();
  const Result<std::string> text = try_render(source, {}, limits);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(text.has_value()) << source.substr(0, 200) << " renders " << text->substr(0, 200);
  EXPECT_LT(passed.count(), 5) << source.substr(0, 200);  // far less where the machine is quiet
}

std::string repeated(std::size_t count, std::string_view text) {
  std::string result;
  for (; count > 0; --count) result += text;
  return result;
}

TEST(Template, RendersWhatJinjaRendersAndRefusesWhatItRefuses) {
  const auto text = read_file(FREEHOLD_SOURCE_DIR "/tests/fixtures/templates/golden.json", 1 << 20);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  const auto golden = parse_json(*text);
  ASSERT_TRUE(golden.has_value()) << golden.error().message;
  const List& cases = *golden->find("cases")->as_list();
  EXPECT_GT(cases.size(), 900u);
  for (const Value& one : cases) {
    const std::string& source = *one.find("template")->as_string();
    const auto answer = try_render(source, *golden->find("context")->as_object());
    if (const Value* expected = one.find("text")) {
      EXPECT_TRUE(answer.has_value()) << source << "\n  " << answer.error().message;
      if (answer) EXPECT_EQ(*answer, *expected->as_string()) << source;
    } else {
      EXPECT_FALSE(answer.has_value()) << source << " renders " << *answer << " where Jinja raises "
                                       << *one.find("error")->as_string();
    }
  }
}

TEST(Template, SaysInWhichLineAndColumnItFails) {
  EXPECT_EQ(error_of("a\n  {{ 1 + }}"), "line 2, column 10: expected an expression, found '}}'");
  EXPECT_EQ(error_of("a\n\n{{ x.y.z }}"), "line 3, column 5: 'x' is undefined");
  EXPECT_EQ(error_of("{% if x %}\n"), "line 1, column 11: the template ends before {% endif %}");
}

TEST(Template, PassesOnWhatTheTemplateItselfComplainsAbout) {
  EXPECT_NE(error_of("{{ raise_exception('roles must alternate') }}").find("roles must alternate"),
            std::string::npos);
}

TEST(Template, KnowsTheTimeThatItIsTold) {
  const Result<Template> parsed = Template::parse("{{ strftime_now('%Y') }}");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->render({}, 1'700'000'000).value_or(""), "2023");
}

TEST(Template, CanBeRenderedAgain) {
  const Result<Template> parsed = Template::parse("{% set x = x + 1 %}{{ x }}");
  ASSERT_TRUE(parsed.has_value());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(parsed->render({{"x", 1}}, 0).value_or(""), "2");
}

TEST(Template, LeadsNowhereOutOfItsContext) {
  for (const char* source :
       {"{{ ''.__class__.__mro__ }}", "{{ x['__class__']['__base__'] }}",
        "{{ range.__globals__.x }}", "{{ x.append(1) }}", "{{ d.update({'a': 1}) }}",
        "{{ ('{0.__class__.x}').format(1) }}", "{{ raise_exception.__globals__['os'] }}",
        "{% include '/etc/passwd' %}", "{% import 'os' as os %}", "{{ namespace(__init__=1) }}"}) {
    EXPECT_FALSE(try_render(source, {{"x", List{1}}, {"d", Object{}}}).has_value()) << source;
  }
}

TEST(Template, EndsLoopsThatDoNotEnd) {
  refused_soon("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}");
  refused_soon(
      "{% for a in range(99999) %}{% for b in range(99999) %}{{ 'x' }}{% endfor %}{% endfor %}");
  refused_soon("{% for a in 'x' * 60000000 %}{% endfor %}");
}

TEST(Template, EndsRecursionThatDoesNotEnd) {
  refused_soon("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}");
  refused_soon("{% macro f(x) %}{{ f(x) ~ f(x) }}{% endmacro %}{{ f(1) }}");
  refused_soon("{% for a in [1] recursive %}{{ loop([a]) }}{% endfor %}");
  refused_soon(
      "{% macro f(n) %}{{ caller() }}{% call f(n) %}{{ caller() }}{% endcall %}{% endmacro %}"
      "{% call f(1) %}x{% endcall %}");
  refused_soon(
      "{% macro f(n) %}{% if n %}{{ f(n - 1) ~ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}");
}

TEST(Template, RefusesTextsAndListsWithoutEnd) {
  refused_soon("{{ 'a' * 1000000000000 }}");
  refused_soon("{{ 'ab' * 9223372036854775807 }}");
  refused_soon("{{ [0] * 1000000000000 }}");
  refused_soon("{{ ([0] * 10000000)|length }}{{ range(1000000000000) }}");
  refused_soon("{{ '%1000000000d' % 1 }}");
  refused_soon("{{ '{:>{w}}'.format(1, w=10**12) }}");
  refused_soon("{{ '%.1000000f' % 1 }}");
  refused_soon("{{ 'a'.center(10**12) }}{{ 'a'|center(10**12) }}");
  refused_soon("{{ 'a'.zfill(10**12) }}");
  refused_soon("{{ 'a\nb'|indent(10**12) }}");
  refused_soon("{{ '\t'.expandtabs(10**12) }}");
  refused_soon("{{ [1]|batch(10**12, 0)|list }}");
  refused_soon("{{ [1]|slice(10**12)|list }}");
  refused_soon("{{ [1]|tojson(indent=10**12) }}");
  refused_soon("{{ 9223372036854775807 + 1 }}");
  refused_soon("{{ 10 ** 100 }}");
  const std::string doubling =
      "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(99) %}"
      "{% set ns.s = ns.s OP ns.s %}{% endfor %}{{ ns.s|length }}";
  for (const char* operation : {"+", "~", ".replace('a', 'aa') ~", ".join('ab') +"}) {
    std::string source = doubling;
    source.replace(source.find("OP"), 2, operation);
    refused_soon(source);
  }
  refused_soon(
      "{% set ns = namespace(s=[0]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
      "{% endfor %}");
  refused_soon("{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}");
  refused_soon("{% set x %}{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}{% endset %}");
}

TEST(Template, RefusesWorkThatGrowsWithoutItsSteps) {
  const std::string big =
      "{% set s = 'ab' * 20000000 %}{% set t = s ~ 'c' %}{% for i in range(100000) %}";
  for (const char* work :
       {"{{ s == t }}", "{{ 'cc' in t }}", "{{ t.count('abc') }}", "{{ s < t }}",
        "{{ s|upper|length }}", "{{ t.split('x')|length }}", "{{ s[::2]|length }}",
        "{{ s.strip('ab')|length }}", "{{ t.rfind('zz') }}", "{{ t|wordcount }}"}) {
    refused_soon(big + work + "{% endfor %}");
  }
  refused_soon(
      "{% set s = 'a' * 30000000 %}{{ s.find('a' * 15000000 ~ 'b') }}{% for i in range(9999) %}"
      "{{ s.find('a' * 15000000 ~ 'b') }}{% endfor %}");
}

TEST(Template, RefusesSourceThatNestsTooDeeply) {
  const std::size_t depth = 100'000;
  refused_soon("{{ " + std::string(depth, '(') + "1" + std::string(depth, ')') + " }}");
  refused_soon("{{ " + std::string(depth, '[') + std::string(depth, ']') + " }}");
  refused_soon("{{ " + repeated(depth, "{1:") + "1" + std::string(depth, '}') + " }}");
  refused_soon("{{ " + repeated(depth, "not ") + "1 }}");
  refused_soon("{{ " + std::string(depth, '-') + "1 }}");
  refused_soon("{{ x" + repeated(depth, "|upper") + " }}");
  refused_soon("{{ x" + repeated(depth, ".a") + " }}");
  refused_soon("{{ x" + repeated(depth, "()") + " }}");
  refused_soon("{{ 1" + repeated(depth, "+1") + " }}");
  refused_soon("{{ 1" + repeated(depth, " if 1") + " }}");
  refused_soon("{{ 1" + repeated(depth, " if 1 else 1") + " }}");
  refused_soon("{{ x" + repeated(depth, " is defined") + " }}");
  refused_soon(repeated(50'000, "{% if 1 %}"));
  refused_soon(repeated(50'000, "{% for x in y %}"));
  refused_soon("{% for " + std::string(depth, '(') + "x");
  refused_soon(std::string((1 << 20) + 1, 'a'));
}

TEST(Template, TakesLongFlatSource) {
  EXPECT_EQ(render("{{ 1" + repeated(10'000, " or 1") + " }}"), "1");
  EXPECT_EQ(render("{{ ''" + repeated(10'000, " ~ ''") + " }}"), "");
  EXPECT_EQ(render(repeated(10'000, "{% if x %}{% endif %}")), "");
  EXPECT_EQ(render("{% if x %}" + repeated(10'000, "{% elif x %}") + "{% endif %}"), "");
  EXPECT_EQ(render("{{ 1" + repeated(300, "+1") + " }}"), "301");
}

TEST(Template, RefusesValuesThatNestWithoutEnd) {
  const std::string nest =
      "{% set ns = namespace(x=[]) %}{% for i in range(50000) %}"
      "{% set ns.x = [ns.x] %}{% endfor %}";
  EXPECT_EQ(render(nest), "");  // and taking it apart again does not recurse
  refused_soon(nest + "{{ ns.x }}");
  refused_soon(nest + "{{ ns.x|tojson }}");
  refused_soon(nest + "{{ ns.x == [ns.x] }}");
  refused_soon("{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns }}");
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.me = [ns, ns] %}"), "");
}

TEST(Template, KeepsToLimitsThatAreGiven) {
  const Result<Template> steps =
      Template::parse("{% for i in range(1000) %}{{ i }}{% endfor %}", {.max_steps = 500});
  ASSERT_TRUE(steps.has_value());
  EXPECT_NE(steps->render({}, 0).error().message.find("500 steps"), std::string::npos);
  const Result<Template> output = Template::parse("{{ 'x' * 100 }}", {.max_output_bytes = 99});
  ASSERT_TRUE(output.has_value());
  EXPECT_FALSE(output->render({}, 0).has_value());
  EXPECT_FALSE(Template::parse("abc", {.max_source_bytes = 2}).has_value());
}

TEST(Template, SurvivesEveryPrefixOfATemplate) {
  const std::string source =
      "{%- macro m(a, b=[1, {'k': -2.5e3}]) -%}{{ a|default('x', true) ~ b[0:1] }}{%- endmacro %}"
      "{# c #}{% raw %}{{{% endraw %}{% for x, y in d.items() if y is not none recursive %}{{ "
      "loop.index }}"
      "{% elif %}{% else %}\\{% endfor %}{% set ns.a %}{% filter upper %}é{% endfilter %}{% endset "
      "%}";
  for (std::size_t size = 0; size <= source.size(); ++size) {
    static_cast<void>(try_render(source.substr(0, size), {{"d", Object{{"a", 1}}}}));
  }
}

TEST(Template, RefusesSourceThatIsNotUtf8) {
  EXPECT_FALSE(Template::parse("a\xff").has_value());
}

}  // namespace
}  // namespace freehold::text
