// The tokens that users were given by name and password, on one member. No part of the replicated state: after a
// restart without log to replay they are gone, and clients authenticate again.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "reference/base/time.h"

namespace kp::store {

class AuthTokens {
 public:
  // `life`: since the last use.
  explicit AuthTokens(Duration life) : life_(life) {}

  void Assign(const std::string& token, const std::string& user, Time now);
  // Whose it is; its life begins anew. Nothing for one that is unknown or over.
  std::optional<std::string> Find(const std::string& token, Time now);
  void Revoke(const std::string& user);
  void Clear() { tokens_.clear(); }
  size_t size() const { return tokens_.size(); }

 private:
  struct Token {
    std::string user;
    Time expiry{};
  };
  void DropExpired(Time now);

  Duration life_;
  std::map<std::string, Token> tokens_;
  Time next_sweep_{};
};

}  // namespace kp::store
