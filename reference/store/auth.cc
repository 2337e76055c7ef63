#include "reference/store/auth.h"

#include <algorithm>
#include <optional>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/store/errors.h"

namespace kp::store {
namespace {

const std::string kRootName(kRoot);

}  // namespace

Status Auth::Apply(const AuthCommand& command) {
  using Verb = AuthCommand::Verb;
  switch (command.verb) {
    case Verb::kEnable: return Enable();
    case Verb::kDisable: return Disable();
    case Verb::kAuthenticate: return {};  // tokens are no part of this state
    case Verb::kUserAdd: return AddUser(command);
    case Verb::kUserDelete: return DeleteUser(command.user);
    case Verb::kUserChangePassword: return ChangePassword(command);
    case Verb::kUserGrantRole: return GrantRole(command.user, command.role);
    case Verb::kUserRevokeRole: return RevokeRole(command.user, command.role);
    case Verb::kRoleAdd: return AddRole(command.role);
    case Verb::kRoleDelete: return DeleteRole(command.role);
    case Verb::kRoleGrantPermission: return GrantPermission(command.role, command.permission);
    case Verb::kRoleRevokePermission: return RevokePermission(command.role, command.permission);
  }
  return {Code::kInvalidArgument, "etcdserver: unknown auth command"};
}

Status Auth::Enable() {
  if (enabled_) return {};
  auto root = users_.find(kRootName);
  if (root == users_.end() && !KP_MUTANT("auth-enable-needs-no-root")) return ErrorRootUserNotExist();
  const bool lacks_role = root != users_.end() && root->second.roles.count(kRootName) == 0;
  if (lacks_role && !KP_MUTANT("auth-enable-needs-no-root-role")) return ErrorRootRoleNotExist();
  enabled_ = true;
  return {};
}

Status Auth::Disable() {
  if (!enabled_) return KP_MUTANT("auth-off-twice-is-an-error") ? ErrorAuthNotEnabled() : Status();
  if (KP_MUTANT("auth-stays-on")) return {};
  enabled_ = false;
  ++revision_;
  return {};
}

// ---- users ----

Status Auth::AddUser(const AuthCommand& command) {
  if (command.user.empty()) return ErrorUserEmpty();
  const bool added = users_.try_emplace(command.user, AuthUser{command.password_hash, {}}).second;
  if (!added && !KP_MUTANT("auth-users-are-made-twice")) return ErrorUserAlreadyExists();
  ++revision_;
  return {};
}

// Without its root nobody could switch authentication off again.
Status Auth::DeleteUser(const std::string& name) {
  if (enabled_ && name == kRoot && !KP_MUTANT("auth-root-can-be-deleted")) return ErrorInvalidAuthManagement();
  if (users_.erase(name) == 0 && !KP_MUTANT("auth-deletes-unknown-users")) return ErrorUserNotFound();
  ++revision_;
  return {};
}

Status Auth::ChangePassword(const AuthCommand& command) {
  auto user = users_.find(command.user);
  if (user == users_.end()) return ErrorUserNotFound();
  user->second.password_hash = command.password_hash;
  ++revision_;
  return {};
}

// The root role needs not be made.
Status Auth::GrantRole(const std::string& name, const std::string& role) {
  auto user = users_.find(name);
  if (user == users_.end()) return ErrorUserNotFound();
  if (role != kRoot && roles_.count(role) == 0) return ErrorRoleNotFound();
  if (user->second.roles.insert(role).second) ++revision_;
  return {};
}

Status Auth::RevokeRole(const std::string& name, const std::string& role) {
  if (enabled_ && name == kRoot && role == kRoot) return ErrorInvalidAuthManagement();
  auto user = users_.find(name);
  if (user == users_.end()) return ErrorUserNotFound();
  if (user->second.roles.erase(role) == 0 && !KP_MUTANT("auth-revokes-what-is-not-granted"))
    return ErrorRoleNotGranted();
  ++revision_;
  return {};
}

bool Auth::HasRole(const std::string& name, const std::string& role) const {
  auto user = users_.find(name);
  return user != users_.end() && user->second.roles.count(role) > 0;
}

// ---- roles ----

Status Auth::AddRole(const std::string& name) {
  if (name.empty() && !KP_MUTANT("auth-roles-need-no-name")) return ErrorRoleEmpty();
  if (!roles_.try_emplace(name).second && !KP_MUTANT("auth-roles-are-made-twice")) return ErrorRoleAlreadyExists();
  ++revision_;
  return {};
}

Status Auth::DeleteRole(const std::string& name) {
  if (enabled_ && name == kRoot) return ErrorInvalidAuthManagement();
  if (roles_.erase(name) == 0 && !KP_MUTANT("auth-deletes-unknown-roles")) return ErrorRoleNotFound();
  for (auto& [user, record] : users_) {
    if (!KP_MUTANT("auth-deleted-role-stays-granted")) record.roles.erase(name);
  }
  ++revision_;
  return {};
}

Status Auth::GrantPermission(const std::string& name, const Permission& permission) {
  auto role = roles_.find(name);
  if (role == roles_.end()) return ErrorRoleNotFound();
  if (!permission.range_end.empty() && KeyRange::From(permission.key, permission.range_end).empty()) {
    return ErrorInvalidAuthManagement();
  }
  role->second[{permission.key, permission.range_end}] = permission.type;
  ++revision_;
  return {};
}

Status Auth::RevokePermission(const std::string& name, const Permission& permission) {
  auto role = roles_.find(name);
  if (role == roles_.end()) return ErrorRoleNotFound();
  if (KP_MUTANT("auth-revoked-permissions-stay")) return {};
  if (role->second.erase({permission.key, permission.range_end}) == 0) return ErrorPermissionNotGranted();
  ++revision_;
  return {};
}

// ---- checks ----

Status Auth::CheckKnown(const Caller& caller) const {
  if (!enabled_ || caller.kind == Caller::Kind::kCluster) return {};
  if (KP_MUTANT("auth-checks-nothing")) return {};
  if (caller.kind == Caller::Kind::kNobody) return ErrorUserEmpty();
  if (caller.auth_revision < revision_) return ErrorAuthOldRevision();
  return {};
}

Status Auth::CheckAdmin(const Caller& caller) const {
  if (!enabled_ || caller.kind == Caller::Kind::kCluster) return {};
  if (Status status = CheckKnown(caller); !status.ok()) return status;
  const bool admin = HasRole(caller.user, kRootName) || KP_MUTANT("auth-everybody-is-admin");
  return admin ? Status() : ErrorPermissionDenied();
}

Status Auth::CheckRange(const Caller& caller, Permission::Type type, std::string_view key,
                        std::string_view range_end) const {
  if (!enabled_ || caller.kind == Caller::Kind::kCluster) return {};
  if (Status status = CheckKnown(caller); !status.ok()) return status;
  if (KP_MUTANT("auth-checks-nothing")) return {};
  KeyRange range = KeyRange::From(key, range_end);
  // A range that holds no key is asked for as its first key would be.
  if (range.empty() || KP_MUTANT("auth-looks-at-the-first-key-only")) range = KeyRange::From(key, "");
  return MayUse(caller.user, type, range) ? Status() : ErrorPermissionDenied();
}

// The permissions of all roles together must cover the range without a gap.
bool Auth::MayUse(const std::string& name, Permission::Type type, const KeyRange& range) const {
  auto user = users_.find(name);
  if (user == users_.end()) return false;
  if (user->second.roles.count(kRootName) > 0 && !KP_MUTANT("auth-root-is-nobody-special")) return true;
  std::vector<KeyRange> granted;
  for (const std::string& role : user->second.roles) {
    auto record = roles_.find(role);
    if (record == roles_.end()) continue;
    for (const auto& [where, granted_type] : record->second) {
      if (granted_type != type && granted_type != Permission::Type::kReadWrite &&
          !KP_MUTANT("auth-read-allows-writing")) {
        continue;
      }
      granted.push_back(KeyRange::From(where.first, where.second));
    }
  }
  std::sort(granted.begin(), granted.end(), [](const KeyRange& a, const KeyRange& b) { return a.begin < b.begin; });
  std::string covered = range.begin;
  for (const KeyRange& next : granted) {
    if (next.begin > covered && !KP_MUTANT("auth-fills-gaps")) return false;
    if (KP_MUTANT("auth-permissions-stand-alone")) covered = range.begin;
    if (next.unbounded) return true;
    covered = std::max(covered, next.end);
    if (!range.unbounded && covered >= range.end) return true;
  }
  return false;
}

// ---- snapshots ----

void Auth::Serialize(BinaryWriter& out) const {
  out.Number(enabled_ ? 1 : 0);
  out.Number(revision_);
  out.Number(users_.size());
  for (const auto& [name, user] : users_) {
    out.Text(name);
    out.Text(user.password_hash);
    out.Number(user.roles.size());
    for (const std::string& role : user.roles) out.Text(role);
  }
  out.Number(roles_.size());
  for (const auto& [name, permissions] : roles_) {
    out.Text(name);
    out.Number(permissions.size());
    for (const auto& [where, type] : permissions) {
      out.Text(where.first);
      out.Text(where.second);
      out.Number(static_cast<uint64_t>(type));
    }
  }
}

bool Auth::Restore(BinaryReader& in) {
  *this = Auth();
  enabled_ = in.Number() != 0;
  revision_ = in.Number();
  for (uint64_t users = in.Number(); users > 0 && in.ok(); --users) {
    AuthUser& user = users_[std::string(in.Text())];
    user.password_hash = in.Text();
    for (uint64_t roles = in.Number(); roles > 0 && in.ok(); --roles) user.roles.emplace(in.Text());
  }
  for (uint64_t roles = in.Number(); roles > 0 && in.ok(); --roles) {
    Permissions& permissions = roles_[std::string(in.Text())];
    for (uint64_t count = in.Number(); count > 0 && in.ok(); --count) {
      std::string key(in.Text());
      std::string end(in.Text());
      const uint64_t type = in.Number();
      if (type > 2) return false;
      permissions[{std::move(key), std::move(end)}] = static_cast<Permission::Type>(type);
    }
  }
  return in.ok();
}

}  // namespace kp::store
