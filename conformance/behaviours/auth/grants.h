// Roles, bindings and identities for the tests of authorization.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

inline const client::Resource kSelfReviews{"authorization.k8s.io", "v1", "selfsubjectaccessreviews", false};
inline const client::Resource kSubjectReviews{"authorization.k8s.io", "v1", "subjectaccessreviews", false};
inline const client::Resource kTokenReviews{"authentication.k8s.io", "v1", "tokenreviews", false};

using Words = std::initializer_list<std::string_view>;

Value Texts(Words words);
// {"apiGroups": groups, "resources": resources, "verbs": verbs}.
Value Rule(Words verbs, Words groups, Words resources);

Value Role(std::string_view kind, std::string_view name, const Value& rules);
Value UserSubject(std::string_view name);
Value GroupSubject(std::string_view name);
Value AccountSubject(std::string_view ns, std::string_view name);
// kind is RoleBinding or ClusterRoleBinding.
Value Binding(std::string_view kind, std::string_view name, std::string_view role_kind, std::string_view role,
              const Value& subjects);

// A Role of these rules in the test's namespace, bound to `user` there, both named `name`.
void Grant(Context& t, const std::string& user, std::string_view name, const Value& rules);

// A user that no other test uses, with what it may do still to be granted.
std::string NewUser(Context& t, std::string_view stem = "user");

// Whether a get, a list ... as the user is answered by something else than 403.
bool MayGet(Context& t, const std::string& user, const client::ObjectRef& ref);
// Repeats until the answer is the one expected: policy reaches the server's caches within moments.
void AwaitMayGet(Context& t, const std::string& user, const client::ObjectRef& ref, bool expected,
                 std::string_view what);

// A token of a ServiceAccount of the test's namespace; `spec` of the TokenRequest.
Value RequestToken(Context& t, const std::string& account, const Value& spec = Value::EmptyObject());
Value ReviewToken(Context& t, const std::string& token, const Value& audiences = Value());

}  // namespace kp::conformance
