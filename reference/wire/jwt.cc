#include "reference/wire/jwt.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/wire/openssl.h"

namespace kp::wire {

namespace {

constexpr int kScalarSize = 32;  // P-256

// RS256 or ES256 by the kind of key; "" for any other.
std::string_view AlgorithmOf(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048) return "RS256";
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256) return "ES256";
  return {};
}

// JWS has r and s side by side (RFC 7518 3.4), OpenSSL has DER.
std::string DerToJose(std::string_view der) {
  const auto* p = reinterpret_cast<const unsigned char*>(der.data());
  std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> signature(
      d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size())));
  CHECK(signature != nullptr);
  std::string out(2 * kScalarSize, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kScalarSize);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kScalarSize, kScalarSize);
  return out;
}

std::string JoseToDer(std::string_view jose) {
  if (jose.size() != 2 * kScalarSize) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(jose.data());
  std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, kScalarSize, nullptr),
                 BN_bin2bn(bytes + kScalarSize, kScalarSize, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return out;
}

// As the Kubernetes token issuer names keys: the hash of the public key (keyIDFromPublicKey).
std::string KeyId(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  CHECK(size > 0);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  EVP_Digest(der, static_cast<size_t>(size), digest, &digest_size, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return Base64UrlEncode({reinterpret_cast<char*>(digest), digest_size});
}

class Signer final : public JwtSigner {
 public:
  explicit Signer(KeyPtr key) : key_(std::move(key)), algorithm_(AlgorithmOf(key_.get())) {
    header_ = Base64UrlEncode("{\"alg\":\"" + std::string(algorithm_) + "\",\"kid\":\"" + KeyId(key_.get()) + "\"}");
  }

  std::string Sign(std::string_view claims_json) const override {
    std::string token = header_ + "." + Base64UrlEncode(claims_json);
    DigestPtr context(EVP_MD_CTX_new());
    CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
    const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
    size_t size = static_cast<size_t>(EVP_PKEY_get_size(key_.get()));
    std::string signature(size, '\0');
    CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                         token.size()) == 1)
        << TakeOpensslError();
    signature.resize(size);
    if (algorithm_ == "ES256") signature = DerToJose(signature);
    return token + "." + Base64UrlEncode(signature);
  }

 private:
  KeyPtr key_;
  std::string_view algorithm_;
  std::string header_;
};

class Verifier final : public JwtVerifier {
 public:
  explicit Verifier(std::vector<KeyPtr> keys) : keys_(std::move(keys)) {}

  Result<std::string> Verify(std::string_view token) const override {
    const Status malformed(Code::kInvalidArgument, "token: not a JSON Web Token");
    const std::vector<std::string_view> parts = Split(token, '.');
    if (parts.size() != 3) return malformed;
    const auto header = Base64UrlDecode(parts[0]);
    auto claims = Base64UrlDecode(parts[1]);
    const auto signature = Base64UrlDecode(parts[2]);
    if (!header || !claims || !signature || header->empty() || header->front() != '{') return malformed;
    const std::string_view signed_part = token.substr(0, parts[0].size() + 1 + parts[1].size());
    for (const KeyPtr& key : keys_) {
      if (Matches(key.get(), *header, signed_part, *signature)) return std::move(*claims);
    }
    return Status(Code::kUnauthenticated, "token: the signature is of no known key");
  }

 private:
  // The algorithm is the key's, never the token's choice; a header that names another is refused.
  static bool Matches(EVP_PKEY* key, std::string header, std::string_view text, const std::string& signature) {
    const std::string_view algorithm = AlgorithmOf(key);
    std::erase_if(header, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
    if (header.find("\"alg\":\"" + std::string(algorithm) + "\"") == std::string::npos) return false;
    const std::string der = algorithm == "ES256" ? JoseToDer(signature) : signature;
    if (der.empty()) return false;
    if (KP_MUTANT("jwt-accepts-any-signature")) return true;
    DigestPtr context(EVP_MD_CTX_new());
    CHECK(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
    const bool good = EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    ERR_clear_error();
    return good;
  }

  std::vector<KeyPtr> keys_;
};

KeyPtr ReadAnyKey(std::string_view pem) {
  KeyPtr key(PEM_read_bio_PUBKEY(ReadBio(pem).get(), nullptr, nullptr, nullptr));
  if (!key) key.reset(PEM_read_bio_PrivateKey(ReadBio(pem).get(), nullptr, nullptr, nullptr));
  if (!key) {
    CertificatePtr certificate(PEM_read_bio_X509(ReadBio(pem).get(), nullptr, nullptr, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  }
  ERR_clear_error();
  return key;
}

const Status kBadKey(Code::kInvalidArgument, "key: RSA of 2048 bits or more, or EC P-256, is needed");

}  // namespace

Result<std::unique_ptr<JwtSigner>> JwtSigner::Create(std::string_view private_key_pem) {
  auto key = ReadPrivateKey(private_key_pem);
  if (!key) return key.status();
  if (AlgorithmOf(key->get()).empty()) return kBadKey;
  return std::unique_ptr<JwtSigner>(std::make_unique<Signer>(std::move(*key)));
}

Result<std::unique_ptr<JwtVerifier>> JwtVerifier::Create(const std::vector<std::string>& key_pems) {
  std::vector<KeyPtr> keys;
  for (const std::string& pem : key_pems) {
    KeyPtr key = ReadAnyKey(pem);
    if (!key || AlgorithmOf(key.get()).empty()) return kBadKey;
    keys.push_back(std::move(key));
  }
  return std::unique_ptr<JwtVerifier>(std::make_unique<Verifier>(std::move(keys)));
}

}  // namespace kp::wire
