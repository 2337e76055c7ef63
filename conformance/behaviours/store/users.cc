#include "conformance/behaviours/store/users.h"

namespace kp::conformance {

pb::AuthUserAddRequest UserAdd(const std::string& name, const std::string& password) {
  pb::AuthUserAddRequest request;
  request.set_name(name);
  request.set_password(password);
  request.mutable_options();
  return request;
}

pb::AuthUserDeleteRequest UserDelete(const std::string& name) {
  pb::AuthUserDeleteRequest request;
  request.set_name(name);
  return request;
}

pb::AuthUserGetRequest UserGet(const std::string& name) {
  pb::AuthUserGetRequest request;
  request.set_name(name);
  return request;
}

pb::AuthUserGrantRoleRequest GrantRole(const std::string& user, const std::string& role) {
  pb::AuthUserGrantRoleRequest request;
  request.set_user(user);
  request.set_role(role);
  return request;
}

pb::AuthUserRevokeRoleRequest RevokeRole(const std::string& user, const std::string& role) {
  pb::AuthUserRevokeRoleRequest request;
  request.set_name(user);
  request.set_role(role);
  return request;
}

pb::AuthRoleAddRequest RoleAdd(const std::string& name) {
  pb::AuthRoleAddRequest request;
  request.set_name(name);
  return request;
}

pb::AuthRoleDeleteRequest RoleDelete(const std::string& name) {
  pb::AuthRoleDeleteRequest request;
  request.set_role(name);
  return request;
}

pb::AuthRoleGetRequest RoleGet(const std::string& name) {
  pb::AuthRoleGetRequest request;
  request.set_role(name);
  return request;
}

pb::AuthRoleGrantPermissionRequest GrantPermission(const std::string& role, pb::Permission::Type type,
                                                   const std::string& key, const std::string& end) {
  pb::AuthRoleGrantPermissionRequest request;
  request.set_name(role);
  request.mutable_perm()->set_permtype(type);
  request.mutable_perm()->set_key(key);
  request.mutable_perm()->set_range_end(end);
  return request;
}

pb::AuthRoleRevokePermissionRequest RevokePermission(const std::string& role, const std::string& key,
                                                     const std::string& end) {
  pb::AuthRoleRevokePermissionRequest request;
  request.set_role(role);
  request.set_key(key);
  request.set_range_end(end);
  return request;
}

pb::AuthenticateRequest Authenticate(const std::string& name, const std::string& password) {
  pb::AuthenticateRequest request;
  request.set_name(name);
  request.set_password(password);
  return request;
}

Users::Users(Api& api) : api_(api) {
  api_.Do(UserAdd("root", "root"));
  api_.Do(RoleAdd("root"));
  api_.Do(GrantRole("root", "root"));
}

// Best effort, and without an exception: a test that fails ends here too.
Users::~Users() {
  const auto call = [this](const char* method, const std::string& request) {
    const Answer done = api_.Begin(method, request);
    api_.t().cluster().Pump([&] { return done->has_value(); }, 5s);
    return done->has_value() && (*done)->ok() ? ***done : std::string();
  };
  api_.ClearMetadata();
  pb::AuthenticateResponse root;
  if (root.ParseFromString(
          call(MethodOf<pb::AuthenticateRequest>::kName, Authenticate("root", "root").SerializeAsString())) &&
      !root.token().empty()) {
    api_.SetMetadata("token", root.token());
    call(MethodOf<pb::AuthDisableRequest>::kName, "");
  }
  api_.ClearMetadata();
  pb::AlarmResponse alarms;
  alarms.ParseFromString(call(MethodOf<pb::AlarmRequest>::kName, ""));
  for (const pb::AlarmMember& raised : alarms.alarms()) {
    pb::AlarmRequest off;
    off.set_action(pb::AlarmRequest::DEACTIVATE);
    off.set_memberid(raised.memberid());
    off.set_alarm(raised.alarm());
    call(MethodOf<pb::AlarmRequest>::kName, off.SerializeAsString());
  }
  pb::AuthUserListResponse users;
  users.ParseFromString(call(MethodOf<pb::AuthUserListRequest>::kName, ""));
  for (const std::string& user : users.users()) {
    call(MethodOf<pb::AuthUserDeleteRequest>::kName, UserDelete(user).SerializeAsString());
  }
  pb::AuthRoleListResponse roles;
  roles.ParseFromString(call(MethodOf<pb::AuthRoleListRequest>::kName, ""));
  for (const std::string& role : roles.roles()) {
    call(MethodOf<pb::AuthRoleDeleteRequest>::kName, RoleDelete(role).SerializeAsString());
  }
}

void Users::Enable() {
  api_.Do(pb::AuthEnableRequest());
  Become("root");
}

void Users::Add(const std::string& name) {
  api_.Do(UserAdd(name, name));
  api_.Do(RoleAdd(name));
  api_.Do(GrantRole(name, name));
}

void Users::Permit(const std::string& name, pb::Permission::Type type, const std::string& from,
                   const std::string& end) {
  api_.Do(GrantPermission(name, type, api_.Key(from), end.empty() ? "" : api_.Key(end)));
}

std::string Users::TokenOf(const std::string& name, const std::string& password) {
  api_.ClearMetadata();
  return api_.Do(Authenticate(name, password)).token();
}

void Users::Become(const std::string& name) {
  api_.ClearMetadata();
  if (!name.empty()) api_.SetMetadata("token", TokenOf(name, name));
}

}  // namespace kp::conformance
