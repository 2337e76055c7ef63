#include <limits>

#include "reference/base/strings.h"
#include "reference/wire/certificates.h"

namespace kp::wire {

namespace {

constexpr std::string_view kFirstLine = "kubeproof-plain-certificate";

std::string Line(std::string_view key, std::string_view value) {
  return std::string(key) + " " + PercentEncode(value) + "\n";
}

}  // namespace

std::string FormatPlainCertificate(const PlainCertificate& certificate) {
  const CertificateRequest& subject = certificate.subject;
  std::string text = std::string(kFirstLine) + "\n";
  text += Line("issuer", certificate.issuer);
  text += Line("common-name", subject.common_name);
  for (const std::string& organization : subject.organizations) text += Line("organization", organization);
  for (const std::string& name : subject.names) text += Line("name", name);
  if (subject.server) text += Line("usage", "server");
  if (subject.client) text += Line("usage", "client");
  text += Line("not-before", std::to_string(subject.not_before.time_since_epoch().count()));
  text += Line("not-after", std::to_string(subject.not_after.time_since_epoch().count()));
  return text;
}

Result<PlainCertificate> ParsePlainCertificate(std::string_view text) {
  const Status bad(Code::kInvalidArgument, "certificate: no plain certificate");
  std::vector<std::string_view> lines = Split(text, '\n');
  if (lines[0] != kFirstLine) return bad;
  PlainCertificate certificate;
  CertificateRequest& subject = certificate.subject;
  for (std::string_view line : lines) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, blank);
    auto value = PercentDecode(line.substr(blank + 1), false);
    if (!value) return bad;
    const std::optional<int64_t> number = ParseInt(*value);
    if (key == "issuer") certificate.issuer = *value;
    if (key == "common-name") subject.common_name = *value;
    if (key == "organization") subject.organizations.push_back(*value);
    if (key == "name") subject.names.push_back(*value);
    if (key == "usage") (*value == "server" ? subject.server : subject.client) = true;
    if (key == "not-before" && number) subject.not_before = WallTime(Duration(*number));
    if (key == "not-after" && number) subject.not_after = WallTime(Duration(*number));
  }
  if (certificate.issuer.empty() || subject.common_name.empty()) return bad;
  return certificate;
}

Credential MakePlainAuthority(const std::string& common_name, WallTime not_before, WallTime not_after) {
  PlainCertificate certificate{
      .issuer = common_name, .subject = {.common_name = common_name, .not_before = not_before, .not_after = not_after}};
  return {.certificate_pem = FormatPlainCertificate(certificate), .key_pem = "plain"};
}

Credential MakePlainCertificate(const Credential& authority, const CertificateRequest& request) {
  auto issuer = ParsePlainCertificate(authority.certificate_pem);
  CHECK(issuer.ok()) << issuer.status().ToString();
  return {.certificate_pem = FormatPlainCertificate({.issuer = issuer->subject.common_name, .subject = request}),
          .key_pem = "plain"};
}

}  // namespace kp::wire
