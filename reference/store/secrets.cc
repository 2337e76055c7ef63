#include "reference/store/secrets.h"

#include <crypt.h>
#include <openssl/evp.h>

#include <cstring>
#include <memory>

#include "reference/base/check.h"

namespace kp::store {
namespace {

std::string Digest(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

// Reentrant: 32 KiB of its own state.
std::string Crypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_r(password.c_str(), setting.c_str(), data.get());
  return hash == nullptr || hash[0] == '*' ? "" : hash;
}

}  // namespace

SecretTexts::SecretTexts(Random random) {
  for (int i = 0; i < 4; ++i) secret_ += std::to_string(random.Next()) + " ";
}

std::string SecretTexts::Next() { return Hex(Digest(secret_ + std::to_string(++count_)).substr(0, 16)); }

std::string HashPassword(const std::string& password, int cost, const std::string& salt) {
  const std::string bytes = Digest(salt);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char* made = crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), bytes.data(), 16, setting,
                                      static_cast<int>(sizeof(setting)));
  CHECK(made != nullptr) << "no bcrypt of cost " << cost;
  std::string hash = Crypt(password, setting);
  CHECK(!hash.empty());
  return hash;
}

// In constant time of the hashes' length, which says nothing.
bool PasswordMatches(const std::string& password, const std::string& hash) {
  if (hash.empty()) return false;
  const std::string computed = Crypt(password, hash);
  if (computed.size() != hash.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < hash.size(); ++i) difference |= static_cast<unsigned char>(computed[i] ^ hash[i]);
  return difference == 0;
}

}  // namespace kp::store
