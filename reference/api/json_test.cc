#include "reference/api/json.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

std::string RoundTrip(std::string_view text) {
  Result<Value> value = ParseJson(text);
  return value.ok() ? ToJson(*value) : value.error().message();
}

TEST(Json, PrintsCanonically) {
  struct {
    std::string_view text, printed;
  } const cases[] = {
      {" { \"b\" : [ 1 , 2.50 , true , null ] , \"a\" : {} } ", R"({"a":{},"b":[1,2.5,true,null]})"},
      {R"("\u00e9\ud83d\ude00\/\n\u0001\"\\")", "\"é😀/\\n\\u0001\\\"\\\\\""},
      {R"("\ud800x")", "\"\xef\xbf\xbdx\""},
      {R"("\ud800\u0041")",
       "\"\xef\xbf\xbd"
       "A\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808"},
      {"1e21", "1e+21"},
      {"1e-7", "1e-7"},
      {"0.000001", "0.000001"},
      {"1e400000000000000000000000000000000000000000000",
       "offset 0: number 1e400000000000000000000000000000000000000000000 is out of range"},
      {"1e-400", "0"},
      {"3.0", "3"},
      {"-0", "0"},
      {"[]", "[]"},
      {"\"\"", "\"\""},
  };
  for (const auto& c : cases) EXPECT_EQ(RoundTrip(c.text), c.printed) << c.text;
}

TEST(Json, KeepsIntegersApartFromDoubles) {
  EXPECT_TRUE(ParseJson("3")->is_int());
  EXPECT_EQ(ParseJson("3.0")->type(), Value::Type::kDouble);
  EXPECT_EQ(ParseJson("18446744073709551615")->type(), Value::Type::kDouble);
}

TEST(Json, RefusesWithTheOffset) {
  struct {
    std::string_view text, error;
  } const cases[] = {
      {"", "offset 0: unexpected end of JSON input"},
      {"  ", "offset 2: unexpected end of JSON input"},
      {"{\"a\":1", "offset 6: unexpected end of JSON input"},
      {"\"abc", "offset 4: unexpected end of JSON input"},
      {"\"abc\\", "offset 5: unexpected end of JSON input"},
      {"{} x", "offset 3: invalid character 'x' after top-level value"},
      {"[1,]", "offset 3: invalid character ']' looking for beginning of value"},
      {"[1 2]", "offset 3: invalid character '2' after array element"},
      {"{a:1}", "offset 1: invalid character 'a' looking for beginning of object key string"},
      {"{\"a\":1,}", "offset 7: invalid character '}' looking for beginning of object key string"},
      {"{\"a\" 1}", "offset 5: invalid character '1' after object key"},
      {"{\"a\":1 \"b\":2}", "offset 7: invalid character '\"' after object key:value pair"},
      {"tru ", "offset 3: invalid character ' ' in literal true"},
      {"01", "offset 1: invalid character '1' after top-level value"},
      {"-x", "offset 1: invalid character 'x' in numeric literal"},
      {"1.", "offset 2: unexpected end of JSON input"},
      {"1.x", "offset 2: invalid character 'x' after decimal point in numeric literal"},
      {"1ex", "offset 2: invalid character 'x' in exponent of numeric literal"},
      {"NaN", "offset 0: invalid character 'N' looking for beginning of value"},
      {"\"a\nb\"", "offset 2: invalid character '\\n' in string literal"},
      {"\"\\q\"", "offset 2: invalid character 'q' in string escape code"},
      {"\"\\u12g4\"", "offset 5: invalid character 'g' in \\u hexadecimal character escape"},
      {"\"0123456789abcdefghij\xff\"", "offset 21: invalid UTF-8"},
      {"\"\xed\xa0\x80\"", "offset 1: invalid UTF-8"},
      {"\"\\n\xc0\x80\"", "offset 3: invalid UTF-8"},
      {"\"\xe2\x82\"", "offset 1: invalid UTF-8"},
      {"\xff", "offset 0: invalid character '\\xff' looking for beginning of value"},
  };
  for (const auto& c : cases) {
    Result<Value> value = ParseJson(c.text);
    ASSERT_FALSE(value.ok()) << c.text;
    EXPECT_EQ(value.error().message(), c.error) << c.text;
    EXPECT_EQ(value.error().code(), Code::kInvalidArgument);
  }
}

TEST(Json, LimitsTheDepth) {
  std::string deep = std::string(512, '[') + std::string(512, ']');
  EXPECT_TRUE(ParseJson(deep).ok());
  deep = "[" + deep + "]";
  EXPECT_EQ(ParseJson(deep).error().message(), "offset 512: exceeded max depth");
}

TEST(Json, ListsDuplicateKeysInOrderAndTakesTheLast) {
  std::vector<std::string> duplicates;
  JsonOptions options{.duplicate_keys = &duplicates};
  Result<Value> value =
      ParseJson(R"({"spec":{"z":1,"a":[{"b":1,"b":2},{"c":1}],"z":3},"kind":"x","spec":{"q":1},"kind":"y"})", options);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.a[0].b", "spec.z", "spec", "kind"}));
  EXPECT_EQ(ToJson(*value), R"({"kind":"y","spec":{"q":1}})");
}

TEST(Json, NoDuplicatesIsNoFinding) {
  std::vector<std::string> duplicates;
  ASSERT_TRUE(ParseJson(R"({"b":{"a":1},"a":{"a":1},"c":1})", {.duplicate_keys = &duplicates}).ok());
  EXPECT_TRUE(duplicates.empty());
}

TEST(Json, PrettyIsKubectls) {
  EXPECT_EQ(ToPrettyJson(*ParseJson(R"({"a":[1,{"b":2}],"c":{},"d":[]})")),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": 2\n        }\n    ],\n    \"c\": {},\n    "
            "\"d\": []\n}");
}

}  // namespace
}  // namespace kp::api
