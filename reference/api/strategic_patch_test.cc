#include "reference/api/strategic_patch.h"

#include <gtest/gtest.h>

#include <map>

#include "reference/api/json.h"

namespace kp::api {
namespace {

// Every object has the same fields, as in a small schema.
class TestMeta : public PatchMeta {
 public:
  FieldRule Find(Type, std::string_view field) const override {
    static const std::map<std::string_view, FieldRule> kRules = {
        {"containers", {.merge_list = true, .merge_key = "name"}},
        {"env", {.merge_list = true, .merge_key = "name"}},
        {"ports", {.merge_list = true, .merge_key = "containerPort"}},
        {"volumes", {.merge_list = true, .merge_key = "name"}},
        {"finalizers", {.merge_list = true}},
    };
    auto found = kRules.find(field);
    return found == kRules.end() ? FieldRule{} : found->second;
  }
};

std::string Patched(std::string_view object, std::string_view patch) {
  Result<Value> parsed = ParseJson(patch);
  EXPECT_TRUE(parsed.ok()) << patch;
  ApiResult<Value> result = ApplyStrategicPatch(*ParseJson(object), *parsed, TestMeta(), nullptr);
  if (result.ok()) return ToJson(*result);
  return std::to_string(result.error().code()) + " " + result.error().message();
}

struct Case {
  std::string_view object, patch, result;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Patched(c.object, c.patch), c.result) << c.patch;
}

TEST(StrategicPatch, ObjectsMergeAndNullRemoves) {
  ExpectAll({
      {R"({"a":{"b":1,"c":2}})", R"({"a":{"c":null,"d":3}})", R"({"a":{"b":1,"d":3}})"},
      {R"({"a":1})", R"({"b":null,"c":{"d":null,"e":1}})", R"({"a":1,"c":{"e":1}})"},
      {R"({"a":{"b":1}})", R"({"a":{"$patch":"replace","c":1}})", R"({"a":{"c":1}})"},
      {R"({"a":{"b":1}})", R"({"a":{"$patch":"delete"}})", R"({"a":{}})"},
      {R"({"a":{"b":1}})", R"({"a":[1]})", R"({"a":[1]})"},
  });
}

// New items come first, unless the patch orders them: so upstream's documentation shows it too.
TEST(StrategicPatch, KeyedListsMergeByKey) {
  ExpectAll({
      {R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]})",
       R"({"containers":[{"name":"b","image":"2"}]})",
       R"({"containers":[{"image":"1","name":"a"},{"image":"2","name":"b"}]})"},
      {R"({"containers":[{"name":"a"}]})", R"({"containers":[{"name":"b","x":null}]})",
       R"({"containers":[{"name":"b"},{"name":"a"}]})"},
      {R"({"containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]})",
       R"({"containers":[{"name":"a","env":[{"name":"Y","value":"2"}]}]})",
       R"({"containers":[{"env":[{"name":"Y","value":"2"},{"name":"X","value":"1"}],"name":"a"}]})"},
      {R"({"ports":[{"containerPort":80}]})", R"({"ports":[{"containerPort":80,"name":"http"}]})",
       R"({"ports":[{"containerPort":80,"name":"http"}]})"},
      {R"({"containers":[{"name":"a"}]})", R"({"containers":null})", "{}"},
      {R"({})", R"({"containers":[{"name":"a","x":null},{"$patch":"delete","name":"b"}]})",
       R"({"containers":[{"name":"a"}]})"},
  });
}

TEST(StrategicPatch, ListDirectives) {
  ExpectAll({
      {R"({"containers":[{"name":"a"},{"name":"b"}]})", R"({"containers":[{"$patch":"delete","name":"a"}]})",
       R"({"containers":[{"name":"b"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})", R"({"containers":[{"$patch":"replace"},{"name":"c"}]})",
       R"({"containers":[{"name":"c"}]})"},
      {R"({"containers":[{"name":"a"}]})", R"({"containers":[{"$patch":"replace"}]})", R"({"containers":[]})"},
  });
}

TEST(StrategicPatch, OtherListsAreReplaced) {
  ExpectAll(
      {{R"({"args":["a","b"]})", R"({"args":["c"]})", R"({"args":["c"]})"},
       {R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})", R"({"tolerations":[{"key":"b"}]})"}});
}

TEST(StrategicPatch, PrimitiveListsMerge) {
  ExpectAll({
      {R"({"finalizers":["a","b"]})", R"({"finalizers":["c","a"]})", R"({"finalizers":["c","a","b"]})"},
      {R"({"finalizers":["a","b","c"]})", R"({"$deleteFromPrimitiveList/finalizers":["b"]})",
       R"({"finalizers":["a","c"]})"},
      {R"({"x":1})", R"({"$deleteFromPrimitiveList/finalizers":["b"]})", R"({"x":1})"},
      {R"({"finalizers":["a","b"]})",
       R"({"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["c","b"],"finalizers":["c"]})",
       R"({"finalizers":["c","b"]})"},
  });
}

TEST(StrategicPatch, ElementOrder) {
  ExpectAll({
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]})",
       R"({"containers":[{"name":"b"},{"name":"a"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}],"containers":[{"name":"c"}]})",
       R"({"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]})"},
      // What another client added stays beside its neighbour.
      {R"({"containers":[{"name":"server"},{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]})",
       R"({"containers":[{"name":"server"},{"name":"b"},{"name":"a"}]})"},
      {R"({"x":1})", R"({"$setElementOrder/containers":[{"name":"b"}]})", R"({"x":1})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"a"}],"containers":[{"$patch":"delete","name":"b"}]})",
       R"({"containers":[{"name":"a"}]})"},
  });
}

TEST(StrategicPatch, RetainKeysClearsTheRest) {
  ExpectAll({
      {R"({"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}})",
       R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})", R"({"strategy":{"type":"Recreate"}})"},
      {R"({"volumes":[{"name":"v","emptyDir":{}}]})",
       R"({"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/x"}}]})",
       R"({"volumes":[{"hostPath":{"path":"/x"},"name":"v"}]})"},
      {R"({"strategy":{}})", R"({"strategy":{"$retainKeys":["type"],"other":1}})",
       "400 invalid patch format of retainKeys"},
  });
}

TEST(StrategicPatch, Refuses) {
  ExpectAll({
      {R"({"containers":[{"name":"a"}]})", R"({"containers":[{"image":"x"}]})",
       R"(400 map: {"image":"x"} does not contain declared merge key: name)"},
      {R"({})", R"({"containers":[{"$patch":"delete"}]})",
       R"(400 map: {"$patch":"delete"} does not contain declared merge key: name)"},
      {R"({"a":{}})", R"({"a":{"$patch":"drop"}})", R"(400 unknown patch type: drop in map: {"$patch":"drop"})"},
      {R"({})", R"({"$setElementOrder/containers":1})", "400 invalid patch format of setElementOrder list"},
      {R"({"finalizers":["a"]})", R"({"$deleteFromPrimitiveList/finalizers":1})",
       "400 invalid patch format of primitive list"},
      {R"({})", "[]", "400 invalid JSON document"},
      {R"({"containers":[{"name":"a"}]})",
       R"({"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b"}]})",
       "400 The order in patch list:\n[{\"name\":\"b\"}]\n doesn't match $setElementOrder list:\n[{\"name\":\"a\"}]\n"},
  });
}

}  // namespace
}  // namespace kp::api
