// SHA-1 and SHA-256 (FIPS 180-4), whole and in pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kp {

// The digest's 20 bytes. For identities that others compute alike, not for security.
std::string Sha1(std::string_view bytes);
// The digest's 32 bytes.
std::string Sha256(std::string_view bytes);

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(std::string_view bytes);
  // The digest of all that was added. Once.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kp
