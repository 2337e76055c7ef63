// Passwords and tokens. All randomness comes from the caller, so the simulator repeats it.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/random.h"

namespace kp::store {

// Unguessable texts: digests of a secret that is never shown and a counter, for the generator behind Env is not
// made to withstand who has seen some of its draws.
class SecretTexts {
 public:
  explicit SecretTexts(Random random);
  // 32 hexadecimal digits, none twice.
  std::string Next();

 private:
  std::string secret_;
  uint64_t count_ = 0;
};

// bcrypt, by libcrypt. `cost` is the logarithm of the rounds; `salt` decides the salt.
std::string HashPassword(const std::string& password, int cost, const std::string& salt);
bool PasswordMatches(const std::string& password, const std::string& hash);

}  // namespace kp::store
