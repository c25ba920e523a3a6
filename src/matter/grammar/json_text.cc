#include "grammar/json_text.h"

#include "base/json.h"
#include "grammar/code_points.h"

namespace freehold::grammar {
namespace {

NodeId separator(Nodes& nodes, std::string_view mark) {
  return nodes.sequence({nodes.literal(mark), nodes.optional(nodes.literal(" "))});
}

NodeId digit(Nodes& nodes, char low = '0', char high = '9') {
  return nodes.bytes(
      ByteSet::range(static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high)));
}

NodeId one_of(Nodes& nodes, std::string_view bytes) {
  ByteSet set;
  for (const char byte : bytes) set.add(static_cast<std::uint8_t>(byte));
  return nodes.bytes(set);
}

NodeId whole(Nodes& nodes, std::uint32_t digits) {
  const NodeId longer =
      nodes.sequence({digit(nodes, '1'), nodes.repeat(digit(nodes), 0, digits - 1)});
  return nodes.sequence(
      {nodes.optional(nodes.literal("-")), nodes.choice({nodes.literal("0"), longer})});
}

constexpr std::uint32_t most_digits = 18;  // what 64 bits hold
constexpr std::uint32_t most_fraction_digits = 18;

}  // namespace

NodeId comma(Nodes& nodes) {
  return separator(nodes, ",");
}

NodeId colon(Nodes& nodes) {
  return separator(nodes, ":");
}

NodeId quoted(Nodes& nodes, NodeId content) {
  return nodes.sequence({nodes.literal("\""), content, nodes.literal("\"")});
}

NodeId any_spelling(Nodes& nodes) {
  const CodePoints raw{{0x20, 0x21}, {0x23, 0x5b}, {0x5d, last_code_point}};
  const auto hex = [&](std::string_view first, std::string_view second) {
    const NodeId any = one_of(nodes, "0123456789abcdefABCDEF");
    return nodes.sequence(
        {nodes.literal("\\u"), one_of(nodes, first), one_of(nodes, second), any, any});
  };
  constexpr std::string_view all = "0123456789abcdefABCDEF";
  return nodes.choice({
      characters(nodes, raw, Spelling::plain),
      nodes.sequence({nodes.literal("\\"), one_of(nodes, "\"\\/bfnrt")}),
      hex("0123456789abcefABCEF", all), hex("dD", "01234567"),
      nodes.sequence({hex("dD", "89abAB"), hex("dD", "cdefCDEF")}),  // a pair of surrogates
  });
}

NodeId any_name(Nodes& nodes) {
  return nodes.repeat(characters(nodes, {{0, last_code_point}}, Spelling::json), 0, unlimited);
}

NodeId any_integer(Nodes& nodes) {
  return whole(nodes, most_digits);
}

NodeId any_number(Nodes& nodes) {
  const NodeId fraction =
      nodes.sequence({nodes.literal("."), nodes.repeat(digit(nodes), 1, most_fraction_digits)});
  const NodeId exponent = nodes.sequence(
      {one_of(nodes, "eE"), nodes.optional(one_of(nodes, "+-")), nodes.repeat(digit(nodes), 1, 2)});
  return nodes.sequence(
      {whole(nodes, most_digits), nodes.optional(fraction), nodes.optional(exponent)});
}

NodeId exactly(Nodes& nodes, const Value& value) {
  const List* list = value.as_list();
  const Object* object = value.as_object();
  if (list == nullptr && object == nullptr) {
    if (const std::string* text = value.as_string()) {
      return nodes.literal("\"" + spelled(*text, Spelling::json) + "\"");
    }
    return nodes.literal(to_json(value));
  }
  std::vector<NodeId> parts{nodes.literal(list != nullptr ? "[" : "{")};
  for (std::size_t i = 0; i < (list != nullptr ? list->size() : object->size()); ++i) {
    if (i > 0) parts.push_back(comma(nodes));
    if (object != nullptr) {
      parts.push_back(exactly(nodes, Value((*object)[i].first)));
      parts.push_back(colon(nodes));
    }
    parts.push_back(exactly(nodes, list != nullptr ? (*list)[i] : (*object)[i].second));
  }
  parts.push_back(nodes.literal(list != nullptr ? "]" : "}"));
  return nodes.sequence(std::move(parts));
}

AnyJsonNodes any_json(Nodes& nodes) {
  const NodeId value = nodes.declare();
  const NodeId string = quoted(nodes, nodes.text(0, unlimited));
  const NodeId pair = nodes.sequence({quoted(nodes, any_name(nodes)), colon(nodes), value});
  const auto listed = [&](std::string_view open, NodeId item, std::string_view close) {
    const NodeId more = nodes.repeat(nodes.sequence({comma(nodes), item}), 0, unlimited);
    return nodes.sequence(
        {nodes.literal(open), nodes.optional(nodes.sequence({item, more})), nodes.literal(close)});
  };
  const NodeId object = listed("{", pair, "}");
  const NodeId array = listed("[", value, "]");
  const NodeId plain = nodes.choice(
      {nodes.literal("true"), nodes.literal("false"), nodes.literal("null"), any_number(nodes)});
  nodes.define(value, nodes.choice({object, array, string, plain}));
  return {value, object, array};
}

}  // namespace freehold::grammar
