#include "reference/apiserver/rbac_policy.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/apiserver/bootstrap_roles.h"
#include "reference/apiserver/test_server.h"

namespace kp::apiserver {
namespace {

api::Value Json(const std::string& text) { return *api::ParseJson(text); }

api::Value BindingTo(const std::string& role, const std::string& user, const std::string& ns) {
  return Json(R"({"kind":"RoleBinding","metadata":{"name":"b-)" + user + R"(","namespace":")" + ns +
              R"("},"roleRef":{"kind":"ClusterRole","name":")" + role + R"("},"subjects":[{"kind":"User","name":")" +
              user + R"("}]})");
}

RbacPolicy DefaultPolicy() {
  RbacPolicy policy;
  for (const api::Value& object : BootstrapRbac()) policy.Put(object);
  policy.Put(BindingTo("view", "viewer", "default"));
  policy.Put(BindingTo("edit", "editor", "default"));
  policy.Put(BindingTo("admin", "owner", "default"));
  return policy;
}

User Named(const std::string& name, std::vector<std::string> groups = {"system:authenticated"}) {
  return {.name = name, .groups = std::move(groups)};
}

Attributes Asks(const User& user, const std::string& verb, const std::string& resource, const std::string& ns) {
  static const std::map<std::string, std::string> groups = {{"deployments", "apps"},
                                                            {"roles", "rbac.authorization.k8s.io"},
                                                            {"clusterroles", "rbac.authorization.k8s.io"},
                                                            {"leases", "coordination.k8s.io"}};
  const auto group = groups.find(resource);
  return {.user = user,
          .verb = verb,
          .group = group == groups.end() ? "" : group->second,
          .version = "v1",
          .resource = resource,
          .ns = ns,
          .name = "x"};
}

// Which verbs each identity has, by resource; everything else must be denied. Source: the default roles of
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
struct Grant {
  std::string resource;
  std::string verbs;
};
struct Identity {
  User user;
  std::vector<Grant> in_default;
  std::vector<Grant> elsewhere;
};

const std::string kRead = "get list watch";
const std::string kAll = "get list watch create update patch delete deletecollection";

std::vector<Identity> Identities() {
  return {
      {Named("nobody"), {}, {}},
      {Named("system:anonymous", {"system:unauthenticated"}), {}, {}},
      {Named("viewer"), {{"pods", kRead}, {"configmaps", kRead}, {"deployments", kRead}}, {}},
      {Named("editor"),
       {{"pods", kAll}, {"configmaps", kAll}, {"secrets", kAll}, {"deployments", kAll}, {"leases", kAll}},
       {}},
      {Named("owner"),
       {{"pods", kAll},
        {"configmaps", kAll},
        {"secrets", kAll},
        {"deployments", kAll},
        {"leases", kAll},
        {"roles", kAll}},
       {}},
      {Named("system:kube-scheduler"),
       {{"pods", "get list watch delete"}, {"nodes", kRead}, {"leases", "get list watch create update patch"}},
       {{"pods", "get list watch delete"}, {"nodes", kRead}, {"leases", "get list watch create update patch"}}},
      {Named("system:node:n1", {"system:nodes", "system:authenticated"}),
       {{"pods", "get list watch create update patch delete"},
        {"nodes", "get list watch create update patch"},
        {"configmaps", kRead},
        {"secrets", kRead},
        {"leases", "get create update patch delete"}},
       {{"pods", "get list watch create update patch delete"},
        {"nodes", "get list watch create update patch"},
        {"configmaps", kRead},
        {"secrets", kRead},
        {"leases", "get create update patch delete"}}},
  };
}

bool Granted(const std::vector<Grant>& grants, const std::string& verb, const std::string& resource) {
  for (const Grant& grant : grants) {
    if (grant.resource == resource && (" " + grant.verbs + " ").find(" " + verb + " ") != std::string::npos)
      return true;
  }
  return false;
}

TEST(RbacPolicy, MatrixOfIdentitiesVerbsAndResources) {
  const RbacPolicy policy = DefaultPolicy();
  int denied = 0;
  for (const Identity& identity : Identities()) {
    for (const std::string verb : {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}) {
      for (const std::string resource :
           {"pods", "configmaps", "secrets", "nodes", "deployments", "roles", "clusterroles", "leases"}) {
        for (const std::string ns : {"default", "kube-system"}) {
          const bool wanted = Granted(ns == "default" ? identity.in_default : identity.elsewhere, verb, resource);
          const Attributes asked = Asks(identity.user, verb, resource, ns);
          EXPECT_EQ(policy.Authorize(asked).allowed, wanted) << DescribeDenial(asked);
          denied += wanted ? 0 : 1;
        }
      }
    }
  }
  EXPECT_GE(denied, 100);
}

TEST(RbacPolicy, MastersMayDoEverything) {
  EXPECT_TRUE(RbacPolicy().Authorize(Asks(Named("x", {"system:masters"}), "escalate", "clusterroles", "")).allowed);
}

TEST(RbacPolicy, ResourceNamesNarrowToThem) {
  RbacPolicy policy;
  policy.Put(Json(R"({"kind":"ClusterRole","metadata":{"name":"r"},"rules":[
    {"verbs":["get"],"apiGroups":[""],"resources":["configmaps"],"resourceNames":["x"]}]})"));
  policy.Put(BindingTo("r", "u", "default"));
  Attributes asked = Asks(Named("u"), "get", "configmaps", "default");
  EXPECT_TRUE(policy.Authorize(asked).allowed);
  asked.name = "y";
  EXPECT_FALSE(policy.Authorize(asked).allowed);
  asked.name = "";
  EXPECT_FALSE(policy.Authorize(asked).allowed) << "create and list have no name";
}

TEST(RbacPolicy, SubresourcesAreSeparate) {
  RbacPolicy policy;
  policy.Put(Json(R"({"kind":"ClusterRole","metadata":{"name":"r"},"rules":[
    {"verbs":["get"],"apiGroups":[""],"resources":["pods"]},{"verbs":["get"],"apiGroups":["*"],"resources":["*/scale"]}]})"));
  policy.Put(BindingTo("r", "u", "default"));
  Attributes asked = Asks(Named("u"), "get", "pods", "default");
  asked.subresource = "log";
  EXPECT_FALSE(policy.Authorize(asked).allowed);
  asked.subresource = "scale";
  EXPECT_TRUE(policy.Authorize(asked).allowed);
}

TEST(RbacPolicy, MissingRoleGrantsNothingUntilItExists) {
  RbacPolicy policy;
  policy.Put(BindingTo("late", "u", "default"));
  const Attributes asked = Asks(Named("u"), "get", "pods", "default");
  EXPECT_FALSE(policy.Authorize(asked).allowed);
  policy.Put(Json(R"({"kind":"ClusterRole","metadata":{"name":"late"},"rules":[
    {"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]})"));
  EXPECT_TRUE(policy.Authorize(asked).allowed);
  policy.Remove("ClusterRole", "", "late");
  EXPECT_FALSE(policy.Authorize(asked).allowed);
}

TEST(RbacPolicy, PathsMatchWithTrailingStarOnly) {
  const RbacPolicy policy = DefaultPolicy();
  const auto may = [&](const std::string& path) {
    return policy.Authorize({.user = Named("u"), .verb = "get", .is_resource = false, .path = path}).allowed;
  };
  EXPECT_TRUE(may("/apis/apps/v1"));
  EXPECT_FALSE(may("/apisx"));
  EXPECT_FALSE(may("/metrics"));
}

TEST(Authorization, DenialNamesUserVerbAndResource) {
  TestServer t;
  t.peer = {.verified = true, .common_name = "bob"};
  const auto reply = t.Do("GET", "/api/v1/namespaces/default/pods");
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(
      reply->Json()["message"].AsString(),
      "pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
}

TEST(Authorization, NobodyGrantsWhatHeLacks) {
  TestServer t;
  const std::string grant = R"({"metadata":{"name":"role-maker"},"rules":[
    {"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]},
    {"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]})";
  t.Do("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", grant);
  const auto bound = t.Do("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", R"({"metadata":{"name":"b"},
    "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"role-maker"},
    "subjects":[{"kind":"User","name":"bob"}]})");
  ASSERT_EQ(bound->status, 201) << bound->body;
  t.peer = {.verified = true, .common_name = "bob"};
  const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
  const auto role = [](const std::string& name, const std::string& resource) {
    return R"({"metadata":{"name":")" + name + R"("},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":[")" +
           resource + R"("]}]})";
  };
  EXPECT_EQ(t.Do("POST", roles, role("held", "pods"))->status, 201);
  const auto refused = t.Do("POST", roles, role("more", "secrets"));
  EXPECT_EQ(refused->status, 403);
  EXPECT_NE(refused->body.find("attempting to grant RBAC permissions not currently held"), std::string::npos);
}

TEST(Authorization, ReviewAgreesWithDecision) {
  TestServer t;
  t.peer = {.verified = true, .common_name = "bob"};
  const auto reply = t.Do("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                          R"({"spec":{"resourceAttributes":{"verb":"list","resource":"pods","namespace":"default"}}})");
  ASSERT_EQ(reply->status, 201) << reply->body;
  EXPECT_FALSE(reply->Json()["status"]["allowed"].AsBool(true));
}

TEST(Authorization, ImpersonationNeedsItsVerb) {
  TestServer t;
  const transport::Headers as_bob{{"impersonate-user", "bob"}};
  EXPECT_EQ(t.Do("GET", "/api/v1/namespaces/default/pods", "", as_bob)->status, 403) << "bob may not list";
  const auto who = t.Do("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", as_bob);
  EXPECT_EQ(who->Json()["status"]["userInfo"]["username"].AsString(), "bob");
  t.peer = {.verified = true, .common_name = "eve"};
  const auto denied = t.Do("GET", "/version", "", {{"impersonate-user", "admin"}});
  EXPECT_EQ(denied->status, 403);
  EXPECT_NE(denied->body.find("impersonate"), std::string::npos);
}

}  // namespace
}  // namespace kp::apiserver
