// Who asks for something, on behalf of whom the state machine carries it out.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace kp::store {

struct Caller {
  enum class Kind : uint8_t {
    kNobody = 0,  // gave no name: may do everything while authentication is off, and nothing while it is on
    kUser = 1,
    kCluster = 2,  // a member on its own account: the end of a lease, an alarm
  };

  static Caller Nobody() { return {}; }
  static Caller Cluster() { return {.kind = Kind::kCluster}; }
  static Caller User(std::string name, uint64_t auth_revision) {
    return {.kind = Kind::kUser, .user = std::move(name), .auth_revision = auth_revision};
  }

  Kind kind = Kind::kNobody;
  std::string user;
  // Of the users and roles when the user was identified: what changed them since makes the identity void.
  uint64_t auth_revision = 0;
};

}  // namespace kp::store
