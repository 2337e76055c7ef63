#include "reference/store/auth_tokens.h"

#include "reference/base/mutant.h"

namespace kp::store {

void AuthTokens::Assign(const std::string& token, const std::string& user, Time now) {
  DropExpired(now);
  tokens_[token] = {user, now + life_};
}

std::optional<std::string> AuthTokens::Find(const std::string& token, Time now) {
  auto found = tokens_.find(token);
  if (found == tokens_.end() || found->second.expiry <= now) return std::nullopt;
  found->second.expiry = now + life_;
  return found->second.user;
}

void AuthTokens::Revoke(const std::string& user) {
  if (KP_MUTANT("auth-tokens-outlive-their-user")) return;
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second.user == user; });
}

// Once in a lifetime, so that what nobody asks for again does not stay for ever.
void AuthTokens::DropExpired(Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + life_;
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second.expiry <= now; });
}

}  // namespace kp::store
