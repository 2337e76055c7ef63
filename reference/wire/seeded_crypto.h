// Makes OpenSSL repeatable, for the simulator: keys, certificates, handshakes and signatures are then
// a function of the seed.
#pragma once

#include <cstdint>

namespace kp::wire {

// From now on the process takes all of OpenSSL's randomness from a stream with this seed. Not for
// anything that is to keep a secret.
void SeedCrypto(uint64_t seed);
// Back to the system's randomness.
void UnseedCrypto();

}  // namespace kp::wire
