// Users and roles: how they are made, told and taken away, and how authentication goes on and off.
#include <algorithm>

#include "conformance/behaviours/store/users.h"

namespace kp::conformance {

namespace {

constexpr auto kRead = pb::Permission::READ;
constexpr auto kBoth = pb::Permission::READWRITE;
constexpr std::string_view kAuthFailed = "etcdserver: authentication failed, invalid user ID or password";
constexpr std::string_view kInvalidToken = "etcdserver: invalid auth token";

template <typename Names>
bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

BEHAVIOUR("store/auth/needs-a-root-user") {
  Api api(t);
  api.Refused(pb::AuthEnableRequest(), Code::kFailedPrecondition, "etcdserver: root user does not exist");
}

BEHAVIOUR("store/auth/needs-the-root-role") {
  Api api(t);
  Users users(api);
  api.Do(RevokeRole("root", "root"));
  api.Refused(pb::AuthEnableRequest(), Code::kFailedPrecondition, "etcdserver: root user does not have root role");
  api.Put("a", "1");
}

BEHAVIOUR("store/auth/gives-no-token-while-it-is-off") {
  Api api(t);
  Users users(api);
  api.Refused(Authenticate("root", "root"), Code::kFailedPrecondition, "etcdserver: authentication is not enabled");
}

BEHAVIOUR("store/auth/refuses-a-wrong-password") {
  Api api(t);
  Users users(api);
  users.Enable();
  api.ClearMetadata();
  api.Refused(Authenticate("root", "toor"), Code::kInvalidArgument, kAuthFailed);
  api.Refused(Authenticate("nobody", "root"), Code::kInvalidArgument, kAuthFailed);
  api.Refused(Authenticate("root", ""), Code::kInvalidArgument, kAuthFailed);
}

BEHAVIOUR("store/auth/nobody-may-nothing") {
  Api api(t);
  api.Put("a", "1");
  Users users(api);
  users.Enable();
  users.Become("");
  api.Refused(api.RangeOf("a"), Code::kInvalidArgument, kUserEmpty);
  api.Refused(api.PutOf("a", "2"), Code::kInvalidArgument, kUserEmpty);
  api.Refused(api.DeleteOf("a"), Code::kInvalidArgument, kUserEmpty);
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_put() = api.PutOf("a", "2");
  api.Refused(txn, Code::kInvalidArgument, kUserEmpty);
}

BEHAVIOUR("store/auth/refuses-an-unknown-token") {
  Api api(t);
  Users users(api);
  users.Enable();
  api.SetMetadata("token", "NoSuchToken.1");
  api.Refused(api.RangeOf("a"), Code::kUnauthenticated, kInvalidToken);
  api.Refused(api.PutOf("a", "2"), Code::kUnauthenticated, kInvalidToken);
}

BEHAVIOUR("store/auth/root-may-everything") {
  Api api(t);
  Users users(api);
  users.Enable();
  api.Put("a", "1");
  t.ExpectEq(api.Value("a"), "1", "value");
  const int64_t lease = api.Grant(600);
  api.Put("a", "2", lease);
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(lease);
  api.Do(revoke);
  t.Expect(!api.Get("a"), "the key went with its lease");
}

BEHAVIOUR("store/auth/off-means-open") {
  Api api(t);
  Users users(api);
  users.Enable();
  api.Do(pb::AuthDisableRequest());
  api.ClearMetadata();
  api.Put("a", "1");
  t.ExpectEq(api.Value("a"), "1", "value");
}

BEHAVIOUR("store/auth/on-and-off-twice-is-no-error") {
  Api api(t);
  Users users(api);
  api.Do(pb::AuthDisableRequest());
  users.Enable();
  api.Do(pb::AuthEnableRequest());
  api.Do(pb::AuthDisableRequest());
}

BEHAVIOUR("store/auth/tells-whether-it-is-on") {
  Api api(t);
  Users users(api);
  const pb::AuthStatusResponse off = api.Do(pb::AuthStatusRequest());
  t.Expect(!off.enabled() && off.authrevision() > 0, "off, with a revision");
  users.Enable();
  t.Expect(api.Do(pb::AuthStatusRequest()).enabled(), "on");
}

BEHAVIOUR("store/auth/users-are-named-and-made-once") {
  Api api(t);
  Users users(api);
  api.Refused(UserAdd("", "x"), Code::kInvalidArgument, kUserEmpty);
  api.Do(UserAdd("ann", "x"));
  api.Refused(UserAdd("ann", "y"), Code::kFailedPrecondition, "etcdserver: user name already exists");
  const pb::AuthUserListResponse list = api.Do(pb::AuthUserListRequest());
  t.Expect(Contains(list.users(), "ann") && Contains(list.users(), "root"), "both are listed");
  api.Do(UserDelete("ann"));
  t.Expect(!Contains(api.Do(pb::AuthUserListRequest()).users(), "ann"), "and not any more");
}

BEHAVIOUR("store/auth/an-unknown-user-is-told") {
  Api api(t);
  Users users(api);
  api.Refused(UserGet("none"), Code::kFailedPrecondition, kUserNotFound);
  api.Refused(UserDelete("none"), Code::kFailedPrecondition, kUserNotFound);
  pb::AuthUserChangePasswordRequest change;
  change.set_name("none");
  api.Refused(change, Code::kFailedPrecondition, kUserNotFound);
  api.Refused(GrantRole("none", "root"), Code::kFailedPrecondition, kUserNotFound);
  api.Refused(RevokeRole("none", "root"), Code::kFailedPrecondition, kUserNotFound);
}

BEHAVIOUR("store/auth/roles-are-made-once") {
  Api api(t);
  Users users(api);
  api.Do(RoleAdd("r"));
  api.Refused(RoleAdd("r"), Code::kFailedPrecondition, "etcdserver: role name already exists");
  t.Expect(Contains(api.Do(pb::AuthRoleListRequest()).roles(), "r"), "it is listed");
  api.Do(RoleDelete("r"));
  t.Expect(!Contains(api.Do(pb::AuthRoleListRequest()).roles(), "r"), "and not any more");
}

BEHAVIOUR("store/auth/roles-need-names") {
  Api api(t);
  Users users(api);
  api.Refused(RoleAdd(""), Code::kInvalidArgument, "etcdserver: role name is empty");
}

BEHAVIOUR("store/auth/an-unknown-role-is-told") {
  Api api(t);
  Users users(api);
  api.Refused(RoleGet("none"), Code::kFailedPrecondition, kRoleNotFound);
  api.Refused(RoleDelete("none"), Code::kFailedPrecondition, kRoleNotFound);
  api.Refused(GrantRole("root", "none"), Code::kFailedPrecondition, kRoleNotFound);
  api.Refused(GrantPermission("none", kRead, "a", ""), Code::kFailedPrecondition, kRoleNotFound);
  api.Refused(RevokePermission("none", "a", ""), Code::kFailedPrecondition, kRoleNotFound);
}

BEHAVIOUR("store/auth/roles-are-granted-and-revoked") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  api.Do(RoleAdd("r"));
  api.Do(GrantRole("ann", "r"));
  t.Expect(Contains(api.Do(UserGet("ann")).roles(), "r"), "the user has it");
  api.Do(RevokeRole("ann", "r"));
  t.Expect(!Contains(api.Do(UserGet("ann")).roles(), "r"), "and not any more");
  api.Refused(RevokeRole("ann", "r"), Code::kFailedPrecondition, "etcdserver: role is not granted to the user");
}

BEHAVIOUR("store/auth/permissions-are-granted-and-revoked") {
  Api api(t);
  Users users(api);
  api.Do(RoleAdd("r"));
  api.Do(GrantPermission("r", kRead, "a", "b"));
  api.Do(GrantPermission("r", kBoth, "a", "b"));
  const pb::AuthRoleGetResponse role = api.Do(RoleGet("r"));
  t.ExpectEq(int64_t{role.perm_size()}, 1, "permissions: the second replaces the first");
  t.Expect(role.perm(0).permtype() == kBoth && role.perm(0).key() == "a" && role.perm(0).range_end() == "b", "it");
  api.Refused(RevokePermission("r", "a", ""), Code::kFailedPrecondition,
              "etcdserver: permission is not granted to the role");
  api.Do(RevokePermission("r", "a", "b"));
  t.ExpectEq(int64_t{api.Do(RoleGet("r")).perm_size()}, 0, "permissions");
}

BEHAVIOUR("store/auth/a-permission-must-be-given") {
  Api api(t);
  Users users(api);
  api.Do(RoleAdd("r"));
  pb::AuthRoleGrantPermissionRequest nothing;
  nothing.set_name("r");
  api.Refused(nothing, Code::kInvalidArgument, "etcdserver: permission not given");
}

BEHAVIOUR("store/auth/a-permission-must-hold-a-key") {
  Api api(t);
  Users users(api);
  api.Do(RoleAdd("r"));
  api.Refused(GrantPermission("r", kRead, "b", "a"), Code::kInvalidArgument, kInvalidManagement);
}

BEHAVIOUR("store/auth/root-cannot-be-taken-away-while-it-is-on") {
  Api api(t);
  Users users(api);
  users.Enable();
  api.Refused(UserDelete("root"), Code::kInvalidArgument, kInvalidManagement);
  api.Refused(RoleDelete("root"), Code::kInvalidArgument, kInvalidManagement);
  api.Refused(RevokeRole("root", "root"), Code::kInvalidArgument, kInvalidManagement);
}

BEHAVIOUR("store/auth/changes-are-for-admins") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Enable();
  users.Become("ann");
  api.Refused(UserAdd("bob", "x"), Code::kPermissionDenied, kDenied);
  api.Refused(UserDelete("root"), Code::kPermissionDenied, kDenied);
  api.Refused(GrantRole("ann", "root"), Code::kPermissionDenied, kDenied);
  api.Refused(RoleAdd("r"), Code::kPermissionDenied, kDenied);
  api.Refused(GrantPermission("ann", kBoth, "a", ""), Code::kPermissionDenied, kDenied);
  api.Refused(pb::AuthUserListRequest(), Code::kPermissionDenied, kDenied);
  api.Refused(pb::AuthRoleListRequest(), Code::kPermissionDenied, kDenied);
  api.Refused(pb::AuthDisableRequest(), Code::kPermissionDenied, kDenied);
}

BEHAVIOUR("store/auth/everybody-may-look-at-himself") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Add("bob");
  users.Enable();
  users.Become("ann");
  t.Expect(Contains(api.Do(UserGet("ann")).roles(), "ann"), "her roles");
  api.Do(RoleGet("ann"));
  api.Refused(UserGet("bob"), Code::kPermissionDenied, kDenied);
  api.Refused(RoleGet("bob"), Code::kPermissionDenied, kDenied);
}

BEHAVIOUR("store/auth/a-new-password-ends-old-tokens") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Permit("ann", kBoth, "a", "");
  users.Enable();
  const std::string token = users.TokenOf("ann", "ann");
  users.Become("root");
  pb::AuthUserChangePasswordRequest change;
  change.set_name("ann");
  change.set_password("new");
  api.Do(change);
  api.SetMetadata("token", token);
  api.Refused(api.RangeOf("a"), Code::kUnauthenticated, kInvalidToken);
  api.ClearMetadata();
  api.Refused(Authenticate("ann", "ann"), Code::kInvalidArgument, kAuthFailed);
  api.SetMetadata("token", users.TokenOf("ann", "new"));
  api.Do(api.RangeOf("a"));
}

BEHAVIOUR("store/auth/a-deleted-user-is-out-at-once") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Permit("ann", kBoth, "a", "");
  users.Enable();
  const std::string token = users.TokenOf("ann", "ann");
  users.Become("root");
  api.Do(UserDelete("ann"));
  api.SetMetadata("token", token);
  api.Refused(api.RangeOf("a"), Code::kUnauthenticated, kInvalidToken);
}

BEHAVIOUR("store/auth/a-deleted-role-is-lost-at-once") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Permit("ann", kBoth, "a", "");
  users.Enable();
  const std::string token = users.TokenOf("ann", "ann");
  api.SetMetadata("token", token);
  api.Put("a", "1");
  users.Become("root");
  api.Do(RoleDelete("ann"));
  t.Expect(!Contains(api.Do(UserGet("ann")).roles(), "ann"), "the user has it no more");
  api.Do(RoleAdd("ann"));
  users.Permit("ann", kBoth, "a", "");
  api.SetMetadata("token", token);
  api.Refused(api.PutOf("a", "2"), Code::kPermissionDenied, kDenied);
}

BEHAVIOUR("store/auth/a-user-without-password-gets-no-token") {
  Api api(t);
  Users users(api);
  pb::AuthUserAddRequest add;
  add.set_name("ann");
  add.mutable_options()->set_no_password(true);
  api.Do(add);
  users.Enable();
  api.ClearMetadata();
  for (const char* password : {"", "x"}) {
    const auto answer = api.Try(Authenticate("ann", password));
    t.Expect(!answer.ok(), "no token");
  }
}

BEHAVIOUR("store/auth/survives-a-restart") {
  Api api(t);
  Users users(api);
  users.Add("ann");
  users.Permit("ann", kRead, "a", "");
  users.Enable();
  fixtures::FaultPort* faults = t.cluster().faults();
  t.Expect(faults->Kill("store-0").ok(), "it is killed");
  t.Sleep(100ms);
  t.Expect(faults->Restart("store-0").ok(), "it is started");
  api.ClearMetadata();
  t.Eventually("it answers", [&] {
    const auto answer = api.Try(api.RangeOf("a"));
    return !answer.ok() && answer.status().code() == Code::kInvalidArgument;
  });
  users.Become("ann");
  api.Do(api.RangeOf("a"));
  api.Refused(api.PutOf("a", "1"), Code::kPermissionDenied, kDenied);
}

BEHAVIOUR("store/auth/a-token-is-good-on-all-members") {
  Api api(t);
  Users users(api);
  users.Enable();
  for (int round = 0; round < 3; ++round) {
    Api giver(api, round);
    giver.ClearMetadata();
    const std::string token = giver.Do(Authenticate("root", "root")).token();
    for (int i = 0; i < 3; ++i) {
      Api member(api, i);
      member.SetMetadata("token", token);
      member.Do(member.RangeOf("a"));
    }
  }
}

}  // namespace kp::conformance
