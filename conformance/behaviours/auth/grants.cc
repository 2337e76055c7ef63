#include "conformance/behaviours/auth/grants.h"

namespace kp::conformance {

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kVersion = "rbac.authorization.k8s.io/v1";

}  // namespace

Value Texts(Words words) { return Value::Array(std::vector<Value>(words.begin(), words.end())); }

Value Rule(Words verbs, Words groups, Words resources) {
  return Obj({{"verbs", Texts(verbs)}, {"apiGroups", Texts(groups)}, {"resources", Texts(resources)}});
}

Value Role(std::string_view kind, std::string_view name, const Value& rules) {
  return Obj({{"apiVersion", kVersion}, {"kind", kind}, {"metadata", Obj({{"name", name}})}, {"rules", rules}});
}

Value UserSubject(std::string_view name) { return Obj({{"kind", "User"}, {"apiGroup", kGroup}, {"name", name}}); }

Value GroupSubject(std::string_view name) { return Obj({{"kind", "Group"}, {"apiGroup", kGroup}, {"name", name}}); }

Value AccountSubject(std::string_view ns, std::string_view name) {
  return Obj({{"kind", "ServiceAccount"}, {"namespace", ns}, {"name", name}});
}

Value Binding(std::string_view kind, std::string_view name, std::string_view role_kind, std::string_view role,
              const Value& subjects) {
  return Obj({{"apiVersion", kVersion},
              {"kind", kind},
              {"metadata", Obj({{"name", name}})},
              {"roleRef", Obj({{"apiGroup", kGroup}, {"kind", role_kind}, {"name", role}})},
              {"subjects", subjects}});
}

void Grant(Context& t, const std::string& user, std::string_view name, const Value& rules) {
  t.MustCreate(client::kRoles, Role("Role", name, rules));
  t.MustCreate(client::kRoleBindings, Binding("RoleBinding", name, "Role", name, Arr({UserSubject(user)})));
}

std::string NewUser(Context& t, std::string_view stem) { return t.UniqueName(stem); }

bool MayGet(Context& t, const std::string& user, const client::ObjectRef& ref) {
  bool may = false;
  t.As({.user = user}, [&] {
    auto answer = t.GetAt(ref);
    may = answer.ok() || answer.error().code() != 403;
  });
  return may;
}

void AwaitMayGet(Context& t, const std::string& user, const client::ObjectRef& ref, bool expected,
                 std::string_view what) {
  t.Eventually(what, [&] { return MayGet(t, user, ref) == expected; });
}

Value RequestToken(Context& t, const std::string& account, const Value& spec) {
  Value request = Obj({{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", spec}});
  return t.Must(t.CreateAt({client::kServiceAccounts, t.ns(), account, "token"}, request), "request a token");
}

Value ReviewToken(Context& t, const std::string& token, const Value& audiences) {
  Value spec = Obj({{"token", token}});
  if (!audiences.is_null()) spec = spec.With("audiences", audiences);
  Value review = Obj({{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", spec}});
  return t.Must(t.CreateAt({kTokenReviews, "", "", ""}, review), "review a token")["status"];
}

}  // namespace kp::conformance
