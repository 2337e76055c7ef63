// JSON Web Tokens (RFC 7519) in compact form, signed with RS256 or ES256: service account tokens.
// Claims are JSON text; what they mean is the caller's business.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace kp::wire {

class JwtSigner {
 public:
  // RSA (RS256) or EC P-256 (ES256).
  static Result<std::unique_ptr<JwtSigner>> Create(std::string_view private_key_pem);
  virtual ~JwtSigner() = default;
  virtual std::string Sign(std::string_view claims_json) const = 0;
};

class JwtVerifier {
 public:
  // Public keys, private keys or certificates.
  static Result<std::unique_ptr<JwtVerifier>> Create(const std::vector<std::string>& key_pems);
  virtual ~JwtVerifier() = default;
  // The claims as JSON text. kInvalidArgument: this is no such token; kUnauthenticated: no key made it.
  // Times and audiences are for the caller to check.
  virtual Result<std::string> Verify(std::string_view token) const = 0;
};

}  // namespace kp::wire
