#include "reference/api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/api/json.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

Value Document(std::string_view path) {
  static auto* openapi = new OpenApi(BuiltinRegistry());
  const OpenApi::Document* document = openapi->Find(path);
  return document == nullptr ? Value() : ParseJson(document->json).value();
}

TEST(OpenApi, EveryKindThatCanBePatchedOffersFieldValidation) {
  for (const Kind* kind : BuiltinRegistry().kinds()) {
    if (!kind->served || !kind->HasVerb("patch")) continue;
    std::string path = OpenApiPath(kind->group_version());
    Value document = Document(path);
    std::string url = "/" + path + (kind->namespaced ? "/namespaces/{namespace}/" : "/") + kind->plural + "/{name}";
    const Value& patch = document["paths"][url]["patch"];
    EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"], Value(kind->gvk.kind)) << url;
    std::set<std::string> names;
    for (const Value& parameter : patch["parameters"].items()) names.insert(parameter["name"].str());
    EXPECT_TRUE(names.contains("fieldValidation")) << url;
  }
}

void CollectRefs(const Value& value, std::set<std::string>& refs) {
  for (const Member& member : value.members()) {
    if (member.key.text() == "$ref" && member.value.is_string()) refs.insert(member.value.str());
    CollectRefs(member.value, refs);
  }
  for (const Value& item : value.items()) CollectRefs(item, refs);
}

TEST(OpenApi, EveryReferenceLeadsToASchema) {
  for (const GroupVersion& group_version : BuiltinRegistry().group_versions()) {
    Value document = Document(OpenApiPath(group_version));
    std::set<std::string> refs;
    CollectRefs(document, refs);
    for (const std::string& ref : refs) {
      std::string_view name = ref;
      ASSERT_TRUE(ConsumePrefix(name, "#/components/schemas/"));
      EXPECT_TRUE(document["components"]["schemas"].Has(name)) << ref;
    }
  }
}

TEST(OpenApi, SchemasCarryMergeExtensionsAndRequiredFields) {
  Value schemas = Document("api/v1")["components"]["schemas"];
  const Value& spec = schemas["io.k8s.api.core.v1.PodSpec"];
  EXPECT_EQ(ToJson(spec["required"]), R"(["containers"])");
  const Value& volumes = spec["properties"]["volumes"];
  EXPECT_EQ(volumes["x-kubernetes-patch-merge-key"], Value("name"));
  EXPECT_EQ(volumes["x-kubernetes-patch-strategy"], Value("merge,retainKeys"));
  EXPECT_EQ(spec["properties"]["tolerations"]["x-kubernetes-list-type"], Value("atomic"));
  EXPECT_TRUE(schemas["io.k8s.api.core.v1.Volume"]["properties"].Has("emptyDir"));
  EXPECT_EQ(ToJson(schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"]),
            R"([{"group":"","kind":"Pod","version":"v1"}])");
}

TEST(OpenApi, IndexHoldsTheHashesOfTheDocuments) {
  OpenApi openapi(BuiltinRegistry());
  Value index = ParseJson(openapi.Index()).value();
  EXPECT_EQ(index["paths"]["apis/apps/v1"]["serverRelativeURL"],
            Value("/openapi/v3/apis/apps/v1?hash=" + openapi.Find("apis/apps/v1")->hash));
  EXPECT_NE(openapi.Find("apis/apps/v1")->hash, openapi.Find("api/v1")->hash);
  EXPECT_EQ(openapi.Find("apis/nope/v1"), nullptr);
}

TEST(OpenApi, TheOldDocumentIsAStub) {
  EXPECT_EQ(HexEncode(OpenApiV2Stub()), "0a03322e3012100a0a4b756265726e657465731202763142004a00");
}

}  // namespace
}  // namespace kp::api
