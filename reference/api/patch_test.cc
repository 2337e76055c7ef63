#include "reference/api/patch.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"
#include "reference/api/merge_patch.h"

namespace kp::api {
namespace {

std::string Patched(std::string_view object, std::string_view patch) {
  ApiResult<Value> result = ApplyJsonPatch(*ParseJson(object), *ParseJson(patch));
  if (result.ok()) return ToJson(*result);
  const FieldCauses& causes = result.error().causes();
  return std::to_string(result.error().code()) + " " + (causes.empty() ? result.error().message() : causes[0].message);
}

// The examples of RFC 6902, appendix A, and its corners.
TEST(JsonPatch, Applies) {
  struct {
    std::string_view object, patch, result;
  } const cases[] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])", R"({"baz":"qux","foo":"bar"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])", R"({"foo":["bar","qux","baz"]})"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc"]}])", R"({"foo":["bar",["abc"]]})"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/1","value":1}])", R"({"foo":["bar",1]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux"})", R"([{"op":"replace","path":"/baz","value":"boo"}])", R"({"baz":"boo"})"},
      {R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])", R"({"a":{},"c":{"d":1}})"},
      {R"({"f":["a","b","c","d"]})", R"([{"op":"move","from":"/f/1","path":"/f/3"}])", R"({"f":["a","c","d","b"]})"},
      {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])", R"({"a":{"b":1},"c":{"b":1}})"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}])", "{}"},
      {R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":1})"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10},{"op":"remove","path":"/~1"}])",
       R"({"~1":10})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":[1]}])", "[1]"},
      {R"({"":1})", R"([{"op":"replace","path":"/","value":2}])", R"({"":2})"},
      {R"({"a":{"b":[{"c":1}]}})", R"([{"op":"replace","path":"/a/b/0/c","value":2}])", R"({"a":{"b":[{"c":2}]}})"},
  };
  for (const auto& c : cases) EXPECT_EQ(Patched(c.object, c.patch), c.result) << c.patch;
}

TEST(JsonPatch, ThatDoesNotApplyIs422) {
  struct {
    std::string_view object, patch, error;
  } const cases[] = {
      {R"({"a":1})", R"([{"op":"remove","path":"/b"}])",
       R"(422 remove operation does not apply: doc is missing path: "/b": missing value)"},
      {R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])",
       R"(422 replace operation does not apply: doc is missing path: "/b": missing value)"},
      {R"({"a":1})", R"([{"op":"add","path":"/b/c","value":1}])",
       R"(422 add operation does not apply: doc is missing path: "/b/c": missing value)"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])",
       R"(422 add operation does not apply: doc is missing path: "/a/2": missing value)"},
      {R"({"a":[1]})", R"([{"op":"remove","path":"/a/01"}])",
       R"(422 remove operation does not apply: doc is missing path: "/a/01": missing value)"},
      {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])",
       R"(422 remove operation does not apply: doc is missing path: "/a/-": missing value)"},
      {R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])",
       "422 move operation does not apply: a value cannot be moved into itself"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])", "422 testing value /a failed: test failed"},
  };
  for (const auto& c : cases) EXPECT_EQ(Patched(c.object, c.patch), c.error) << c.patch;
}

TEST(JsonPatch, ThatIsNoneIs400) {
  struct {
    std::string_view patch, error;
  } const cases[] = {
      {"{}", "400 a JSON patch is an array of operations"},
      {"[1]", "400 JSON patch operation 0: expected an object"},
      {R"([{"op":"jump","path":"/a"}])", R"(400 JSON patch operation 0: unknown op "jump")"},
      {R"([{"op":"add","path":"a","value":1}])", R"(400 JSON patch operation 0: path "a" is no JSON pointer)"},
      {R"([{"op":"add","path":"/~2","value":1}])", R"(400 JSON patch operation 0: path "/~2" is no JSON pointer)"},
      {R"([{"op":"add","path":"/a"}])", "400 JSON patch operation 0: value is missing"},
      {R"([{"op":"copy","path":"/a"}])", "400 JSON patch operation 0: from null is no JSON pointer"},
  };
  for (const auto& c : cases) EXPECT_EQ(Patched("{}", c.patch), c.error) << c.patch;
}

TEST(JsonPatch, TellsAFailedTestFromTheRest) {
  EXPECT_TRUE(IsFailedPatchTest(
      ApplyJsonPatch(Value::EmptyObject(), *ParseJson(R"([{"op":"test","path":"/a","value":1}])")).error()));
  EXPECT_FALSE(
      IsFailedPatchTest(ApplyJsonPatch(Value::EmptyObject(), *ParseJson(R"([{"op":"remove","path":"/a"}])")).error()));
}

TEST(JsonPatch, RepeatedCopiesAreStopped) {
  Value object = Obj({{"a", std::string(100'000, 'x')}});
  JsonPatch patch;
  for (int i = 0; i < 40; ++i)
    patch.push_back({.op = PatchOperation::Op::kCopy, .path = {"b" + std::to_string(i)}, .from = {"a"}});
  EXPECT_EQ(ApplyJsonPatch(object, patch).error().code(), 413);
}

// RFC 7386, appendix A.
TEST(MergePatch, Applies) {
  struct {
    std::string_view target, patch, result;
  } const cases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
      {R"({"a":1})", "null", "null"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ToJson(ApplyMergePatch(*ParseJson(c.target), *ParseJson(c.patch))), c.result) << c.patch;
  }
}

TEST(MergePatch, DiffHoldsOnlyWhatChanged) {
  Value from = *ParseJson(R"({"a":1,"b":{"c":1,"d":2},"e":[1],"same":{"x":1}})");
  Value to = *ParseJson(R"({"a":1,"b":{"c":1,"d":3},"f":1,"same":{"x":1}})");
  EXPECT_EQ(ToJson(DiffMergePatch(from, to)), R"({"b":{"d":3},"e":null,"f":1})");
  EXPECT_EQ(DiffMergePatch(from, from), Value::EmptyObject());
}

}  // namespace
}  // namespace kp::api
