#include "reference/wire/certificates.h"

#include <openssl/rand.h>

#include "reference/base/strings.h"
#include "reference/wire/openssl.h"

namespace kp::wire {

namespace {

KeyPtr NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr) << TakeOpensslError();
  return key;
}

std::string KeyPem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return TakeBio(bio.get());
}

std::string CertificatePem(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TakeBio(bio.get());
}

void AddName(X509_NAME* name, const char* field, const std::string& text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  CHECK(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(text.size()), -1, 0) == 1)
      << "certificate subject " << text << ": " << TakeOpensslError();
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  CHECK(extension != nullptr) << "certificate extension " << value << ": " << TakeOpensslError();
  X509_add_ext(certificate, extension.get(), -1);
}

time_t UnixSeconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

CertificatePtr NewCertificate(EVP_PKEY* key, const CertificateRequest& request) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[8];
  // tidy: allow random, because OpenSSL draws from the seeded source as it does for keys
  CHECK(RAND_bytes(serial, sizeof serial) == 1);
  uint64_t number = 0;
  for (unsigned char byte : serial) number = number << 8 | byte;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number >> 1 | 1);  // positive
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), UnixSeconds(request.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), UnixSeconds(request.not_after));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  for (const std::string& organization : request.organizations) AddName(name, "O", organization);
  AddName(name, "CN", request.common_name);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

bool IsIpAddress(const std::string& name) {
  ASN1_OCTET_STRING* ip = a2i_IPADDRESS(name.c_str());
  ERR_clear_error();
  ASN1_OCTET_STRING_free(ip);
  return ip != nullptr;
}

void AddUsage(X509* certificate, X509* issuer, const CertificateRequest& request) {
  AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
  std::vector<std::string> usages;
  if (request.server) usages.push_back("serverAuth");
  if (request.client) usages.push_back("clientAuth");
  if (!usages.empty()) AddExtension(certificate, issuer, NID_ext_key_usage, Join(usages, ","));
  AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid");
  std::vector<std::string> names;
  for (const std::string& name : request.names) names.push_back((IsIpAddress(name) ? "IP:" : "DNS:") + name);
  if (!names.empty()) AddExtension(certificate, issuer, NID_subject_alt_name, Join(names, ","));
}

}  // namespace

Credential MakeAuthority(const std::string& common_name, WallTime not_before, WallTime not_after) {
  KeyPtr key = NewKey();
  CertificatePtr certificate =
      NewCertificate(key.get(), {.common_name = common_name, .not_before = not_before, .not_after = not_after});
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  AddExtension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign");
  AddExtension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0) << TakeOpensslError();
  return {.certificate_pem = CertificatePem(certificate.get()), .key_pem = KeyPem(key.get())};
}

Result<Credential> MakeCertificate(const Credential& authority, const CertificateRequest& request) {
  auto issuer = ReadCertificate(authority.certificate_pem);
  if (!issuer) return issuer.status();
  auto issuer_key = ReadPrivateKey(authority.key_pem);
  if (!issuer_key) return issuer_key.status();
  if (request.common_name.empty() || request.common_name.size() > 64) {
    return Status(Code::kInvalidArgument, "certificate: a common name has 1 to 64 bytes");
  }
  KeyPtr key = NewKey();
  CertificatePtr certificate = NewCertificate(key.get(), request);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer->get()));
  AddUsage(certificate.get(), issuer->get(), request);
  CHECK(X509_sign(certificate.get(), issuer_key->get(), EVP_sha256()) > 0) << TakeOpensslError();
  return Credential{.certificate_pem = CertificatePem(certificate.get()), .key_pem = KeyPem(key.get())};
}

std::string MakeKey() { return KeyPem(NewKey().get()); }

Result<std::string> PublicKeyOf(std::string_view private_key_pem) {
  auto key = ReadPrivateKey(private_key_pem);
  if (!key) return key.status();
  BioPtr bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PUBKEY(bio.get(), key->get()) == 1);
  return TakeBio(bio.get());
}

}  // namespace kp::wire
