#include "reference/api/yaml.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"

namespace kp::api {
namespace {

std::string AsJson(std::string_view text) {
  Result<Value> value = ParseYaml(text);
  return value.ok() ? ToJson(*value) : value.error().message();
}

TEST(Yaml, PlainScalars) {
  struct {
    std::string_view text, json;
  } const cases[] = {
      {"a: true", "true"},
      {"a: True", "true"},
      {"a: yes", "true"},
      {"a: on", "true"},
      {"a: y", "true"},
      {"a: off", "false"},
      {"a: No", "false"},
      {"a: yEs", "\"yEs\""},
      {"a: null", "null"},
      {"a: ~", "null"},
      {"a:", "null"},
      {"a: nUll", "\"nUll\""},
      {"a: 12", "12"},
      {"a: -12", "-12"},
      {"a: +12", "12"},
      {"a: 0x1F", "31"},
      {"a: 010", "8"},
      {"a: 0o10", "8"},
      {"a: 0b101", "5"},
      {"a: 1_000", "1000"},
      {"a: 08", "8"},
      {"a: 1.5", "1.5"},
      {"a: .5", "0.5"},
      {"a: 1e3", "1000"},
      {"a: 3.0", "3"},
      {"a: 1.", "1"},
      {"a: 1.2.3", "\"1.2.3\""},
      {"a: 1Gi", "\"1Gi\""},
      {"a: 100m", "\"100m\""},
      {"a: .", "\".\""},
      {"a: 2025-01-01T00:00:00Z", "\"2025-01-01T00:00:00Z\""},
      {"a: 9223372036854775807", "9223372036854775807"},
      {"a: 9223372036854775808", "9223372036854775808"},
      {"a: '12'", "\"12\""},
      {"a: \"true\"", "\"true\""},
      {"a: !!str 12", "\"12\""},
      {"a: !!binary aGk=", "\"hi\""},
      {R"(a: "\x41\N\_\u00e9")", "\"A\xc2\x85\xc2\xa0é\""},
      {"a: |\n  x\n  y\n", "\"x\\ny\\n\""},
      {"a: >-\n  x\n  y\n", "\"x y\""},
      {"a: 'it''s'", "\"it's\""},
  };
  for (const auto& c : cases) EXPECT_EQ(AsJson(c.text), "{\"a\":" + std::string(c.json) + "}") << c.text;
}

TEST(Yaml, KeysBecomeStrings) {
  EXPECT_EQ(AsJson("on: 1\n0x10: 2\n1.5: 3\n'4': 4"), R"({"1.5":3,"16":2,"4":4,"true":1})");
  EXPECT_EQ(AsJson("~: 1"), "line 1, column 1: a key must be a string, not null");
  EXPECT_EQ(AsJson("? [a]\n: 1"), "line 1, column 3: a key must be a scalar");
}

TEST(Yaml, StructureAnchorsAndMerge) {
  EXPECT_EQ(AsJson("a:\n- b: 1\n  c: [x, {d: e}]\n-\n  - 1\n"), R"({"a":[{"b":1,"c":["x",{"d":"e"}]},[1]]})");
  EXPECT_EQ(AsJson("x: &p {a: 1, b: 2}\nz:\n  <<: *p\n  b: 3\n"), R"({"x":{"a":1,"b":2},"z":{"a":1,"b":3}})");
  EXPECT_EQ(AsJson("p: &p {a: 1}\nq: &q {a: 2, c: 3}\nr: {<<: [*p, *q]}\n"),
            R"({"p":{"a":1},"q":{"a":2,"c":3},"r":{"a":1,"c":3}})");
  EXPECT_EQ(AsJson("# nothing\n"), "null");
}

TEST(Yaml, FaultsNameLineAndColumn) {
  EXPECT_EQ(AsJson("a:\n\tb: 1\n"),
            "line 2, column 1: a tab cannot indent; use blanks (found character that cannot start any token)");
  EXPECT_TRUE(AsJson("a: 1\nb: [1, 2\nc: 3\n").starts_with("line "));
  EXPECT_TRUE(AsJson("a: b: c\n").starts_with("line 1, column "));
  EXPECT_EQ(AsJson("a: .inf\n"), "line 1, column 4: JSON has no number .inf");
  EXPECT_EQ(AsJson("a: 1\nb: \xff\n"), "line 2, column 4: invalid UTF-8");
  EXPECT_EQ(AsJson(std::string_view("a: 1\nb: \0", 9)), "line 2, column 4: control characters are not allowed");
  EXPECT_EQ(AsJson("a: &a [*a]\n"), "line 1, column 8: an anchor contains itself");
}

TEST(Yaml, AliasesOfAliasesAreStopped) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j) text += "," + last;
    text += "]\n";
  }
  EXPECT_TRUE(AsJson(text).ends_with("document contains excessive aliasing"));
}

TEST(Yaml, DepthIsLimited) {
  EXPECT_TRUE(AsJson(std::string(300, '[') + std::string(300, ']')).ends_with("exceeded max depth"));
}

TEST(Yaml, DuplicateKeys) {
  std::vector<std::string> duplicates;
  Result<Value> value =
      ParseYaml("spec:\n  a:\n  - b: 1\n    b: 2\n  c: 1\nspec: 3\n", {.duplicate_keys = &duplicates});
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.a[0].b", "spec"}));
  EXPECT_EQ(ToJson(*value), R"({"spec":3})");
  duplicates.clear();
  ASSERT_TRUE(ParseYaml(R"({"a":{"b":1,"b":2}})", {.duplicate_keys = &duplicates}).ok());
  EXPECT_EQ(duplicates, (std::vector<std::string>{"a.b"}));
}

TEST(Yaml, DocumentsThatAreEmptyAreLeftOut) {
  Result<std::vector<Value>> documents = ParseYamlDocuments("---\na: 1\n---\n# only a comment\n---\n{\"b\": 2}\n---\n");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(ToJson(documents->at(1)), R"({"b":2})");
}

TEST(Yaml, DocumentsNeedAMarkBetweenThem) {
  EXPECT_EQ(ParseYamlDocuments("a: 1\n...\n# more\n---\nb: 1\n")->size(), 2U);
  EXPECT_EQ(ParseYamlDocuments("\xef\xbb\xbf"
                               "a: é\n---\nb: 1\n")
                ->size(),
            2U);
  for (const char* text : {"{a: 1} x", "[1]]", ", a", "}", "a: 1\n}\n"})
    EXPECT_FALSE(ParseYamlDocuments(text).ok()) << text;
}

TEST(Yaml, PrintsAsKubectl) {
  Value pod = *ParseJson(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{},"creationTimestamp":"2025-01-01T00:00:00Z",
      "labels":{"a":"true","b10":"1","b2":"x y","c":""}},"spec":{"containers":[{"args":["-c","a: b","#x","don't"],"name":"a"},
      {"name":"b","ports":[]}],"hostNetwork":false,"none":null,"nested":[[1,2],[{"k":1.5}]],"script":"#!/bin/sh\necho hi\n"}})");
  EXPECT_EQ(ToYaml(pod), R"(apiVersion: v1
kind: Pod
metadata:
  annotations: {}
  creationTimestamp: "2025-01-01T00:00:00Z"
  labels:
    a: "true"
    b2: x y
    b10: "1"
    c: ""
spec:
  containers:
  - args:
    - -c
    - 'a: b'
    - '#x'
    - don't
    name: a
  - name: b
    ports: []
  hostNetwork: false
  nested:
  - - 1
    - 2
  - - k: 1.5
  none: null
  script: |
    #!/bin/sh
    echo hi
)");
}

TEST(Yaml, PrintedStringsReadBack) {
  for (std::string_view text : {"",
                                " ",
                                "a ",
                                " a",
                                "a\n",
                                "\n",
                                "\n\n",
                                "a\n\n",
                                " a\nb",
                                "a\nb",
                                "a \nb",
                                "a\tb",
                                "\ta\nb",
                                "yes",
                                "1",
                                "1.0",
                                "0x1",
                                "1:30",
                                "null",
                                "~",
                                "-",
                                "- a",
                                "a: b",
                                "a:",
                                ":a",
                                "?",
                                "? a",
                                "#a",
                                "a #b",
                                "a#b",
                                "*a",
                                "&a",
                                "!a",
                                "|",
                                ">",
                                "'",
                                "\"",
                                "%",
                                "@",
                                "`",
                                "{}",
                                "[]",
                                "{a",
                                "---",
                                "--- a",
                                "...",
                                "<<",
                                "=",
                                "2025-01-01",
                                "é",
                                "\xf0\x9f\x98\x80",
                                "\x01",
                                "\x1b",
                                "\x7f",
                                "\xc2\x85",
                                "\xe2\x80\xa8",
                                "\xef\xbb\xbf",
                                "a\\b",
                                "a\r\nb",
                                "!!str",
                                "a,b"}) {
    Value value = Obj({{"k", Arr({text})}, {text, text}});
    Result<Value> back = ParseYaml(ToYaml(value));
    ASSERT_TRUE(back.ok()) << ToYaml(value) << back.error().message();
    EXPECT_EQ(*back, value) << ToYaml(value);
  }
}

}  // namespace
}  // namespace kp::api
