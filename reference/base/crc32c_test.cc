#include "reference/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/base/random.h"

namespace kp {
namespace {

// RFC 3720 B.4 and the classical check value.
TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
}

TEST(Crc32c, InstructionAndTableAgreeAndChain) {
  Random random(7);
  for (size_t size = 0; size < 70; ++size) {
    const std::string a = random.Bytes(size);
    const std::string b = random.Bytes(size / 2);
    EXPECT_EQ(Crc32c(a), Crc32cPortable(a));
    EXPECT_EQ(Crc32c(b, Crc32c(a)), Crc32c(a + b));
  }
}

}  // namespace
}  // namespace kp
