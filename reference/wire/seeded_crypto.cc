// RAND_METHOD is deprecated in favour of providers, which need 300 lines for the same.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "reference/wire/seeded_crypto.h"

#include <openssl/rand.h>

#include "reference/base/check.h"
#include "reference/base/random.h"

namespace kp::wire {

namespace {

Random& Source() {
  static Random source(0);
  return source;
}

int Fill(unsigned char* buffer, int size) {
  Random& source = Source();
  for (int i = 0; i < size; i += 8) {
    uint64_t draw = source.Next();
    for (int j = i; j < size && j < i + 8; ++j, draw >>= 8) buffer[j] = static_cast<unsigned char>(draw);
  }
  return 1;
}

int Add(const void*, int, double) { return 1; }
int Seed(const void*, int) { return 1; }
int Ready() { return 1; }

}  // namespace

void SeedCrypto(uint64_t seed) {
  static const RAND_METHOD method = {Seed, Fill, nullptr, Add, Fill, Ready};
  Source() = Random(seed);
  CHECK(RAND_set_rand_method(&method) == 1);
}

void UnseedCrypto() { CHECK(RAND_set_rand_method(nullptr) == 1); }

}  // namespace kp::wire
