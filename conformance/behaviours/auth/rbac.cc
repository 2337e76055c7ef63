// Role-based access control: what roles and bindings grant, and what they do not.
#include "conformance/behaviour.h"
#include "conformance/behaviours/auth/grants.h"

namespace kp::conformance {

using client::kClusterRoleBindings;
using client::kClusterRoles;
using client::kConfigMaps;
using client::kPods;
using client::kReplicaSets;
using client::kRoleBindings;
using client::kRoles;
using client::PatchType;

namespace {

Value ReadConfigMaps() { return Arr({Rule({"get", "list"}, {""}, {"configmaps"})}); }

// A namespace beside the test's own.
std::string OtherNamespace(Context& t) {
  return NameOf(t.MustCreate(client::kNamespaces, Named(t.UniqueName("kp-other"))));
}

}  // namespace

BEHAVIOUR("auth/rbac/denies-what-nothing-allows") {
  std::string user = NewUser(t);
  t.ns();
  t.As({.user = user}, [&] {
    auto list = t.List(kPods);
    t.ExpectError(list, 403, "Forbidden",
                  "pods is forbidden: User \"" + user +
                      "\" cannot list resource \"pods\" in API group \"\" in the "
                      "namespace \"" +
                      t.ns() + "\"");
    t.ExpectError(t.Create(kConfigMaps, ConfigMap("a")), 403, "Forbidden", "cannot create resource \"configmaps\"");
    t.ExpectError(t.Delete(kReplicaSets, "web"), 403, "Forbidden",
                  "replicasets.apps \"web\" is forbidden: User \"" + user +
                      "\" cannot delete resource \"replicasets\" in API group \"apps\"");
    t.ExpectError(t.GetAt({client::kNodes, "", "node-1", ""}), 403, "Forbidden", "at the cluster scope");
    Exchange metrics = MustSend(t, "GET", "/metrics", 403);
    t.Expect(metrics.body["message"].AsString().find("cannot get path \"/metrics\"") != std::string_view::npos,
             "the message names the path: " + metrics.text);
  });
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("auth/rbac/role-grants-in-its-namespace-only") {
  std::string user = NewUser(t);
  std::string other = OtherNamespace(t);
  Grant(t, user, "reader", ReadConfigMaps());
  AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, "the user may get ConfigMaps here");
  t.As({.user = user}, [&] {
    t.MustList(kConfigMaps);
    t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
    t.ExpectError(t.Create(kConfigMaps, ConfigMap("a")), 403, "Forbidden");
    t.ExpectError(t.Delete(kConfigMaps, "a"), 403, "Forbidden");
    t.ExpectError(t.List(client::kSecrets), 403, "Forbidden");
    t.ExpectError(t.ListAt({kConfigMaps, other, "", ""}, {}), 403, "Forbidden");
    t.ExpectError(t.ListAt({kConfigMaps, "", "", ""}, {}), 403, "Forbidden", "at the cluster scope");
  });
}

BEHAVIOUR("auth/rbac/cluster-role-by-role-binding") {
  std::string user = NewUser(t);
  std::string other = OtherNamespace(t);
  std::string role = t.UniqueName("kp-reader");
  t.MustCreate(kClusterRoles, Role("ClusterRole", role, ReadConfigMaps()));
  t.MustCreate(kRoleBindings, Binding("RoleBinding", "b", "ClusterRole", role, Arr({UserSubject(user)})));
  AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, "the user may get ConfigMaps where the binding is");
  t.Expect(!MayGet(t, user, {kConfigMaps, other, "a", ""}), "not elsewhere");
}

BEHAVIOUR("auth/rbac/cluster-role-binding-grants-everywhere") {
  std::string user = NewUser(t);
  std::string other = OtherNamespace(t);
  std::string role = t.UniqueName("kp-reader");
  Value rules = Arr({Rule({"get", "list"}, {""}, {"configmaps", "nodes"})});
  t.MustCreate(kClusterRoles, Role("ClusterRole", role, rules));
  t.MustCreate(kClusterRoleBindings,
               Binding("ClusterRoleBinding", role, "ClusterRole", role, Arr({UserSubject(user)})));
  AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, "the user may get ConfigMaps here");
  t.As({.user = user}, [&] {
    t.Must(t.ListAt({kConfigMaps, other, "", ""}, {}), "list in another namespace");
    t.Must(t.ListAt({kConfigMaps, "", "", ""}, {}), "list in all namespaces");
    t.Must(t.ListAt({client::kNodes, "", "", ""}, {}), "list nodes");
    t.ExpectError(t.List(kPods), 403, "Forbidden");
  });
}

BEHAVIOUR("auth/rbac/resource-names-restrict") {
  std::string user = NewUser(t);
  Value rule = Rule({"get", "update", "list", "create"}, {""}, {"configmaps"}).With("resourceNames", Arr({"a"}));
  Grant(t, user, "one", Arr({rule}));
  t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.MustCreate(kConfigMaps, ConfigMap("b"));
  AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, "the user may get the named one");
  t.As({.user = user}, [&] {
    t.MustUpdate(kConfigMaps, ConfigMap("a", Obj({{"k", "v"}})));
    t.ExpectError(t.Get(kConfigMaps, "b"), 403, "Forbidden");
    t.ExpectError(t.List(kConfigMaps), 403, "Forbidden");
    t.ExpectEq(NamesOf(t.MustList(kConfigMaps, {.field_selector = "metadata.name=a"})), "a", "the list of that name");
    t.ExpectError(t.Create(kConfigMaps, ConfigMap("c")), 403, "Forbidden");
  });
}

BEHAVIOUR("auth/rbac/subresources-are-granted-apart") {
  std::string user = NewUser(t);
  std::string scaler = NewUser(t, "scaler");
  Grant(t, user, "editor", Arr({Rule({"get", "update", "patch"}, {"apps"}, {"replicasets"})}));
  Grant(t, scaler, "scaler", Arr({Rule({"get", "patch"}, {"apps"}, {"replicasets/scale"})}));
  t.MustCreate(kReplicaSets, ReplicaSet("web", 0, Obj({{"app", "web"}})));
  Value none = Obj({{"spec", Obj({{"replicas", 0}})}});
  AwaitMayGet(t, user, {kReplicaSets, t.ns(), "web", ""}, true, "the editor may get");
  AwaitMayGet(t, scaler, {kReplicaSets, t.ns(), "web", "scale"}, true, "the scaler may get the scale");
  t.As({.user = user}, [&] {
    t.MustPatch(kReplicaSets, "web", PatchType::kMerge, none);
    t.ExpectError(t.Patch(kReplicaSets, "web", PatchType::kMerge, none, "scale"), 403, "Forbidden",
                  "\"replicasets/scale\"");
    t.ExpectError(t.Patch(kReplicaSets, "web", PatchType::kMerge, Obj({{"status", Obj({{"replicas", 0}})}}), "status"),
                  403, "Forbidden", "\"replicasets/status\"");
  });
  t.As({.user = scaler}, [&] {
    t.Must(t.Patch(kReplicaSets, "web", PatchType::kMerge, none, "scale"), "patch the scale");
    t.ExpectError(t.Get(kReplicaSets, "web"), 403, "Forbidden");
  });
}

BEHAVIOUR("auth/rbac/subjects-are-users-groups-and-accounts") {
  t.MustCreate(kRoles, Role("Role", "reader", ReadConfigMaps()));
  std::string group = t.UniqueName("group");
  t.MustCreate(client::kServiceAccounts, Named("robot"));
  t.MustCreate(kRoleBindings, Binding("RoleBinding", "b", "Role", "reader",
                                      Arr({GroupSubject(group), AccountSubject(t.ns(), "robot")})));
  std::string user = NewUser(t);
  t.Eventually("a member of the group may list", [&] {
    bool may = false;
    t.As({.user = user, .groups = {group}}, [&] { may = t.List(kConfigMaps).ok(); });
    return may;
  });
  t.As({.user = user}, [&] { t.ExpectError(t.List(kConfigMaps), 403, "Forbidden"); });
  std::string robot = RequestToken(t, "robot")["status"]["token"].str();
  std::string other = RequestToken(t, "default")["status"]["token"].str();
  t.As({.bearer_token = robot}, [&] { t.MustList(kConfigMaps); });
  t.As({.bearer_token = other}, [&] { t.ExpectError(t.List(kConfigMaps), 403, "Forbidden"); });
}

BEHAVIOUR("auth/rbac/takes-effect-and-is-revoked-at-once") {
  std::string user = NewUser(t);
  client::ObjectRef ref{kConfigMaps, t.ns(), "a", ""};
  t.Step("bind a role that is not there yet");
  t.MustCreate(kRoleBindings, Binding("RoleBinding", "b", "Role", "late", Arr({UserSubject(user)})));
  t.Expect(!MayGet(t, user, ref), "a missing role grants nothing");
  t.MustCreate(kRoles, Role("Role", "late", ReadConfigMaps()));
  AwaitMayGet(t, user, ref, true, "the role grants once it is there");
  t.MustUpdate(kRoles, Role("Role", "late", Arr({Rule({"list"}, {""}, {"configmaps"})})));
  AwaitMayGet(t, user, ref, false, "a verb taken out of the role is denied");
  t.MustUpdate(kRoles, Role("Role", "late", ReadConfigMaps()));
  AwaitMayGet(t, user, ref, true, "and granted again");
  t.MustDelete(kRoleBindings, "b");
  AwaitMayGet(t, user, ref, false, "without the binding nothing is granted");
}

BEHAVIOUR("auth/rbac/role-ref-never-changes") {
  t.MustCreate(kRoleBindings, Binding("RoleBinding", "b", "Role", "one", Arr({UserSubject("x")})));
  Value other = Binding("RoleBinding", "b", "Role", "two", Arr({UserSubject("x")}));
  ExpectCause(t, t.MustFail(t.Update(kRoleBindings, other), 422, "Invalid"), "roleRef", "FieldValueInvalid");
  Value subjects = Arr({UserSubject("y")});
  t.MustUpdate(kRoleBindings, Binding("RoleBinding", "b", "Role", "one", subjects));
  Value now = t.MustGet(kRoleBindings, "b");
  t.ExpectEq(now["roleRef"]["name"], "one", "the role of the binding");
  t.ExpectEq(now["subjects"][0]["name"], "y", "its subject");
}

BEHAVIOUR("auth/rbac/nobody-grants-what-he-does-not-hold") {
  std::string user = NewUser(t);
  Value own = Rule({"get", "list", "create", "update"}, {"rbac.authorization.k8s.io"}, {"roles", "rolebindings"});
  Grant(t, user, "manager", Arr({own, Rule({"get", "list"}, {""}, {"configmaps"})}));
  t.MustCreate(kRoles, Role("Role", "secrets", Arr({Rule({"get"}, {""}, {"secrets"})})));
  AwaitMayGet(t, user, {kRoles, t.ns(), "x", ""}, true, "the user may manage roles");
  t.As({.user = user}, [&] {
    t.MustCreate(kRoles, Role("Role", "held", ReadConfigMaps()));
    const std::string_view kText = "is attempting to grant RBAC permissions not currently held";
    Value more = Arr({Rule({"get", "delete"}, {""}, {"configmaps"})});
    t.ExpectError(t.Create(kRoles, Role("Role", "more", more)), 403, "Forbidden", kText);
    t.ExpectError(t.Update(kRoles, Role("Role", "held", more)), 403, "Forbidden", kText);
    t.ExpectError(t.Create(kRoles, Role("Role", "all", Arr({Rule({"*"}, {"*"}, {"*"})}))), 403, "Forbidden", kText);
    t.MustCreate(kRoleBindings, Binding("RoleBinding", "held", "Role", "held", Arr({UserSubject("x")})));
    t.ExpectError(t.Create(kRoleBindings, Binding("RoleBinding", "s", "Role", "secrets", Arr({UserSubject(user)}))),
                  403, "Forbidden", kText);
  });
  t.ExpectError(t.Get(kRoles, "more"), 404, "NotFound");
  t.ExpectError(t.Get(kRoleBindings, "s"), 404, "NotFound");
  t.Step("with verb bind he may");
  Value bind = Rule({"bind"}, {"rbac.authorization.k8s.io"}, {"roles"}).With("resourceNames", Arr({"secrets"}));
  Grant(t, user, "binder", Arr({bind}));
  t.Eventually("the binding is taken", [&] {
    bool made = false;
    t.As({.user = user}, [&] {
      made = t.Create(kRoleBindings, Binding("RoleBinding", "s", "Role", "secrets", Arr({UserSubject(user)}))).ok();
    });
    return made;
  });
}

BEHAVIOUR("auth/rbac/paths-are-granted-by-cluster-roles") {
  std::string user = NewUser(t);
  std::string role = t.UniqueName("kp-paths");
  Value rule = Obj({{"verbs", Arr({"get"})}, {"nonResourceURLs", Arr({"/metrics", "/openapi/*"})}});
  t.MustCreate(kClusterRoles, Role("ClusterRole", role, Arr({rule})));
  t.MustCreate(kClusterRoleBindings,
               Binding("ClusterRoleBinding", role, "ClusterRole", role, Arr({UserSubject(user)})));
  t.Eventually("the user may read /metrics", [&] {
    int status = 0;
    t.As({.user = user}, [&] { status = Send(t, "GET", "/metrics", {.accept = "*/*"}).status; });
    return status == 200;
  });
  t.As({.user = user}, [&] {
    MustSend(t, "GET", "/openapi/v3", 200);
    MustSend(t, "GET", "/metrics/none", 403, {.accept = "*/*"});
  });
  ExpectCause(t, t.MustFail(t.Create(kRoles, Role("Role", "paths", Arr({rule}))), 422, "Invalid"),
              "rules[0].nonResourceURLs", "FieldValueInvalid");
}

BEHAVIOUR("auth/rbac/default-roles-allow-what-they-say") {
  std::string viewer = NewUser(t, "viewer");
  std::string editor = NewUser(t, "editor");
  std::string admin = NewUser(t, "admin");
  for (const auto& [user, role] : {std::pair{viewer, "view"}, std::pair{editor, "edit"}, std::pair{admin, "admin"}}) {
    t.MustCreate(kRoleBindings, Binding("RoleBinding", role, "ClusterRole", role, Arr({UserSubject(user)})));
    AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, std::string(role) + " may get ConfigMaps");
  }
  t.As({.user = viewer}, [&] {
    t.ExpectError(t.List(client::kSecrets), 403, "Forbidden");
    t.ExpectError(t.List(kRoles), 403, "Forbidden");
    t.ExpectError(t.Create(kConfigMaps, ConfigMap("a")), 403, "Forbidden");
  });
  t.As({.user = editor}, [&] {
    t.MustList(client::kSecrets);
    t.MustCreate(kConfigMaps, ConfigMap("a"));
    t.ExpectError(t.Create(kRoles, Role("Role", "r", ReadConfigMaps())), 403, "Forbidden");
  });
  t.As({.user = admin}, [&] {
    t.MustCreate(kRoles, Role("Role", "r", ReadConfigMaps()));
    t.ExpectError(t.DeleteAt({client::kNamespaces, "", t.ns(), ""}), 403, "Forbidden");
    t.ExpectError(t.ListAt({client::kNodes, "", "", ""}, {}), 403, "Forbidden");
  });
  t.Expect(t.Get(kClusterRoles, "cluster-admin").ok(), "the role cluster-admin exists");
}

}  // namespace kp::conformance
