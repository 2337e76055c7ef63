#include "reference/base/sha.h"

#include <gtest/gtest.h>

#include "reference/base/strings.h"

namespace kp {
namespace {

// The examples of FIPS 180-4.
TEST(Sha, DigestsOfAbc) {
  EXPECT_EQ(HexEncode(Sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(HexEncode(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha, PiecesAddUpToTheWhole) {
  Sha256Stream stream;
  stream.Add("a");
  stream.Add("");
  stream.Add("bc");
  EXPECT_EQ(stream.Finish(), Sha256("abc"));
}

}  // namespace
}  // namespace kp
