// Makes certificate authorities and certificates (EC P-256, X.509 v3), and their stand-in for the
// simulator's pass-through records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::wire {

struct Credential {
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> names;  // DNS names and IP addresses
  bool server = false;             // extended key usage
  bool client = false;
  WallTime not_before;
  WallTime not_after;
};

// A self-signed authority.
Credential MakeAuthority(const std::string& common_name, WallTime not_before, WallTime not_after);
Result<Credential> MakeCertificate(const Credential& authority, const CertificateRequest& request);

// "-----BEGIN PRIVATE KEY-----", EC P-256; for signing tokens.
std::string MakeKey();
Result<std::string> PublicKeyOf(std::string_view private_key_pem);

// The pass-through kind: no key, no cryptography, a few lines of text, made the same way every time.
// It is a statement that anyone can write, so TlsContext takes it in kPassThrough mode only.
struct PlainCertificate {
  std::string issuer;
  CertificateRequest subject;
};

std::string FormatPlainCertificate(const PlainCertificate& certificate);
Result<PlainCertificate> ParsePlainCertificate(std::string_view text);
Credential MakePlainAuthority(const std::string& common_name, WallTime not_before, WallTime not_after);
Credential MakePlainCertificate(const Credential& authority, const CertificateRequest& request);

}  // namespace kp::wire
