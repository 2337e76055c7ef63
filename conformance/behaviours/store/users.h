// A store with authentication on while this lives: root, and users with the permissions a test gives them.
#pragma once

#include <string>

#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

inline constexpr std::string_view kDenied = "etcdserver: permission denied";
inline constexpr std::string_view kUserEmpty = "etcdserver: user name is empty";
inline constexpr std::string_view kUserNotFound = "etcdserver: user name not found";
inline constexpr std::string_view kRoleNotFound = "etcdserver: role name not found";
inline constexpr std::string_view kInvalidManagement = "etcdserver: invalid auth management";

// The requests, by what they say.
pb::AuthUserAddRequest UserAdd(const std::string& name, const std::string& password);
pb::AuthUserDeleteRequest UserDelete(const std::string& name);
pb::AuthUserGetRequest UserGet(const std::string& name);
pb::AuthUserGrantRoleRequest GrantRole(const std::string& user, const std::string& role);
pb::AuthUserRevokeRoleRequest RevokeRole(const std::string& user, const std::string& role);
pb::AuthRoleAddRequest RoleAdd(const std::string& name);
pb::AuthRoleDeleteRequest RoleDelete(const std::string& name);
pb::AuthRoleGetRequest RoleGet(const std::string& name);
pb::AuthRoleGrantPermissionRequest GrantPermission(const std::string& role, pb::Permission::Type type,
                                                   const std::string& key, const std::string& end);
pb::AuthRoleRevokePermissionRequest RevokePermission(const std::string& role, const std::string& key,
                                                     const std::string& end);
pb::AuthenticateRequest Authenticate(const std::string& name, const std::string& password);

class Users {
 public:
  // Root has the password "root"; authentication is off until Enable.
  explicit Users(Api& api);
  // Whatever the test did, the store is left as it was found: open, without alarms, users and roles.
  ~Users();
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  // Calls are root's afterwards.
  void Enable();
  // A user whose password is his name, with a role of the same name.
  void Add(const std::string& name);
  // Of keys from `from` up to `end`, by names; "" for the one key.
  void Permit(const std::string& name, pb::Permission::Type type, const std::string& from, const std::string& end);
  // From now on calls are this user's; "" nobody's.
  void Become(const std::string& name);
  std::string TokenOf(const std::string& name, const std::string& password);

 private:
  Api& api_;
};

}  // namespace kp::conformance
