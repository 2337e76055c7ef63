#include "reference/api/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kLabelMismatch =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

TEST(Names, Dns1123Label) {
  for (const char* good : {"a", "0", "my-name", "123-abc", "a--b"}) EXPECT_THAT(CheckDns1123Label(good), IsEmpty());
  for (const char* bad : {"", "-a", "a-", "A", "a_b", "a b", "ü"}) {
    EXPECT_THAT(CheckDns1123Label(bad), ElementsAre(kLabelMismatch)) << bad;
  }
  EXPECT_THAT(CheckDns1123Label("a.b"), ElementsAre("must not contain dots"));
  EXPECT_THAT(CheckDns1123Label(std::string(63, 'a')), IsEmpty());
  EXPECT_THAT(CheckDns1123Label(std::string(64, 'a')), ElementsAre("must be no more than 63 characters"));
}

TEST(Names, Dns1123Subdomain) {
  for (const char* good : {"a", "a.b-c.d", "1.2"}) EXPECT_THAT(CheckDns1123Subdomain(good), IsEmpty());
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a.-b", "A.b"}) {
    EXPECT_THAT(CheckDns1123Subdomain(bad), SizeIs(1)) << bad;
  }
  EXPECT_THAT(CheckDns1123Subdomain(std::string(254, 'a')), ElementsAre("must be no more than 253 characters"));
}

TEST(Names, Dns1035LabelStartsWithALetter) {
  EXPECT_THAT(CheckDns1035Label("a1"), IsEmpty());
  EXPECT_THAT(CheckDns1035Label("1a"),
              ElementsAre("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                          "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
                          "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"));
  EXPECT_THAT(CheckDns1035Label(""), SizeIs(1));
}

TEST(Names, QualifiedName) {
  for (const char* good : {"a", "A.b_c-d", "example.com/MyName", "1"}) EXPECT_THAT(CheckQualifiedName(good), IsEmpty());
  EXPECT_THAT(CheckQualifiedName("/a"), ElementsAre("prefix part must be non-empty"));
  EXPECT_THAT(CheckQualifiedName("a/").front(), "name part must be non-empty");
  EXPECT_THAT(CheckQualifiedName("A/a"), SizeIs(1));
  EXPECT_THAT(CheckQualifiedName("a/b/c"), ElementsAre(testing::EndsWith("(e.g. 'example.com/MyName')")));
  EXPECT_THAT(CheckQualifiedName("x/" + std::string(64, 'a')),
              ElementsAre("name part must be no more than 63 characters"));
}

TEST(Names, LabelValue) {
  for (const char* good : {"", "a", "A_b.c-d"}) EXPECT_THAT(CheckLabelValue(good), IsEmpty());
  for (const char* bad : {"-", "a-", "a b", "a/b"}) EXPECT_THAT(CheckLabelValue(bad), SizeIs(1)) << bad;
}

TEST(Names, PortName) {
  for (const char* good : {"http", "a", "1a", "a-1"}) EXPECT_THAT(CheckPortName(good), IsEmpty());
  EXPECT_THAT(CheckPortName("80"), ElementsAre("must contain at least one letter (a-z)"));
  EXPECT_THAT(CheckPortName("a--b"), ElementsAre("must not contain consecutive hyphens"));
  EXPECT_THAT(CheckPortName("abcdefghijklmnop"), ElementsAre("must be no more than 15 characters"));
}

TEST(Names, ConfigKey) {
  for (const char* good : {"a", "ca.crt", ".hidden", "A_B-c"}) EXPECT_THAT(CheckConfigKey(good), IsEmpty());
  EXPECT_THAT(CheckConfigKey(".."), ElementsAre("must not be '..'"));
  EXPECT_THAT(CheckConfigKey("..a"), ElementsAre("must not start with '..'"));
  EXPECT_THAT(CheckConfigKey("a/b"), SizeIs(1));
}

TEST(Names, PathSegmentAllowsWhatRbacNeeds) {
  EXPECT_THAT(CheckPathSegment("system:node"), IsEmpty());
  EXPECT_THAT(CheckPathSegment("a/b%"), ElementsAre("may not contain '/'", "may not contain '%'"));
}

TEST(Names, TrailingDashOfAGenerateNameIsNoFault) {
  EXPECT_THAT(CheckDns1123Label(MaskTrailingDash("web-")), IsEmpty());
}

}  // namespace
}  // namespace kp::api
