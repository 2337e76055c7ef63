#include "reference/api/discovery.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"
#include "reference/api/schema_parser.h"

namespace kp::api {
namespace {

Registry Sample() {
  return ParseSchemas({{"sample", R"(
group core v1 a.v1
kind Thing things : A thing.
  namespaced
  short th
  subresource status
  subresource eviction policy/v1/Eviction create
kind Hidden hiddens : Not served.
  hidden
group apps v1 b.v1
kind Deployment deployments : A deployment.
  categories all
)"}}).value();
}

TEST(Discovery, AggregatedListsSubresourcesWithTheirKinds) {
  EXPECT_EQ(ToJson(AggregatedCoreDiscovery(Sample(), "v2")["items"][0]),
            R"({"metadata":{"creationTimestamp":null,"name":""},"versions":[{"freshness":"Current","resources":[)"
            R"({"resource":"things","responseKind":{"group":"","kind":"Thing","version":"v1"},"scope":"Namespaced",)"
            R"("shortNames":["th"],"singularResource":"thing","subresources":[)"
            R"({"responseKind":{"group":"policy","kind":"Eviction","version":"v1"},"subresource":"eviction",)"
            R"("verbs":["create"]},)"
            R"({"responseKind":{"group":"","kind":"Thing","version":"v1"},"subresource":"status",)"
            R"("verbs":["get","patch","update"]}],)"
            R"("verbs":["create","delete","deletecollection","get","list","patch","update","watch"]}],)"
            R"("version":"v1"}]})");
}

TEST(Discovery, LegacyNamesGroupAndVersionOfForeignSubresourcesOnly) {
  Value list = *ApiResourceListDocument(Sample(), {"", "v1"});
  EXPECT_EQ(list["resources"].size(), 3U);
  EXPECT_EQ(ToJson(list["resources"][1]),
            R"({"group":"policy","kind":"Eviction","name":"things/eviction","namespaced":true,"singularName":"",)"
            R"("verbs":["create"],"version":"v1"})");
  EXPECT_FALSE(list["resources"][2].Has("group"));
  EXPECT_FALSE(ApiResourceListDocument(Sample(), {"apps", "v2"}).has_value());
}

TEST(Discovery, GroupsLeaveOutTheCore) {
  EXPECT_EQ(
      ToJson(ApiGroupListDocument(Sample())),
      R"({"apiVersion":"v1","groups":[{"name":"apps","preferredVersion":{"groupVersion":"apps/v1","version":"v1"},)"
      R"("versions":[{"groupVersion":"apps/v1","version":"v1"}]}],"kind":"APIGroupList"})");
  EXPECT_FALSE(ApiGroupDocument(Sample(), "").has_value());
}

}  // namespace
}  // namespace kp::api
