// Users, roles and what they may do: the part of the replicated state that authentication is about. Pure.
// Semantics and texts are etcd's (https://etcd.io/docs/v3.4/op-guide/authentication/, server/auth/store.go).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/store/binary.h"
#include "reference/store/caller.h"
#include "reference/store/requests.h"

namespace kp::store {

// The user and the role that may do everything.
inline constexpr std::string_view kRoot = "root";

struct AuthUser {
  std::string password_hash;  // "": none, such a user comes by certificate only
  std::set<std::string> roles;
  bool operator==(const AuthUser&) const = default;
};

// By key and range end, as a role is listed.
using Permissions = std::map<std::pair<std::string, std::string>, Permission::Type>;

class Auth {
 public:
  // A change that fails leaves everything, the revision included, as it was.
  Status Apply(const AuthCommand& command);

  bool enabled() const { return enabled_; }
  // Counts the changes of users and roles, from 1.
  uint64_t revision() const { return revision_; }
  const std::map<std::string, AuthUser>& users() const { return users_; }
  const std::map<std::string, Permissions>& roles() const { return roles_; }
  bool HasRole(const std::string& user, const std::string& role) const;

  // All of them: ok while authentication is off, and for the cluster's own doing.
  // That the caller is somebody: kInvalidArgument "user name is empty", or "revision of auth store is old".
  Status CheckKnown(const Caller& caller) const;
  // ... and has the root role.
  Status CheckAdmin(const Caller& caller) const;
  // ... and may read, or write, every key of the range.
  Status CheckRange(const Caller& caller, Permission::Type type, std::string_view key,
                    std::string_view range_end) const;

  void Serialize(BinaryWriter& out) const;
  // False for bytes that Serialize did not write.
  bool Restore(BinaryReader& in);

 private:
  Status Enable();
  Status Disable();
  Status AddUser(const AuthCommand& command);
  Status DeleteUser(const std::string& name);
  Status ChangePassword(const AuthCommand& command);
  Status GrantRole(const std::string& user, const std::string& role);
  Status RevokeRole(const std::string& user, const std::string& role);
  Status AddRole(const std::string& name);
  Status DeleteRole(const std::string& name);
  Status GrantPermission(const std::string& role, const Permission& permission);
  Status RevokePermission(const std::string& role, const Permission& permission);
  // Of an authenticated one, where authentication is on.
  bool MayUse(const std::string& user, Permission::Type type, const KeyRange& range) const;

  bool enabled_ = false;
  uint64_t revision_ = 1;
  std::map<std::string, AuthUser> users_;
  std::map<std::string, Permissions> roles_;
};

}  // namespace kp::store
