#include "conformance/behaviour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/catalogue.h"

namespace kp::conformance {

static int visits = 0;

BEHAVIOUR("apps/sample/second") { visits += 10; }
BEHAVIOUR("apps/sample/first") { visits += 1; }
BEHAVIOUR("apps/sample/first", "after a restart") {}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Catalogue With(std::vector<Entry> entries) {
  Catalogue catalogue;
  for (Entry& entry : entries) catalogue.entries[entry.id] = entry;
  return catalogue;
}

TEST(Behaviour, IsRegisteredUnderItsName) {
  std::vector<std::string> names;
  for (const Behaviour& behaviour : RegisteredBehaviours()) names.push_back(behaviour.name());
  EXPECT_THAT(names, ElementsAre("apps/sample/first", "apps/sample/first#after a restart", "apps/sample/second"));
}

TEST(Behaviour, KeepsTheBodyOfEach) {
  char unused;  // these bodies do not look at their context
  for (const Behaviour& behaviour : RegisteredBehaviours()) behaviour.body(reinterpret_cast<Context&>(unused));
  EXPECT_EQ(visits, 11);
}

TEST(CheckBehaviours, PassesWhenTestsAndCatalogueAgree) {
  const Catalogue catalogue = With({{.id = "apps/sample/first"},
                                    {.id = "apps/sample/second", .level = Level::kShould},
                                    {.id = "apps/sample/third", .untested = "needs a cloud"},
                                    {.id = "apps/sample/fourth", .level = Level::kMay}});
  EXPECT_THAT(CheckBehaviours(catalogue, RegisteredBehaviours()), IsEmpty());
}

TEST(CheckBehaviours, FindsTestsWithoutEntryAndMustsWithoutTest) {
  const Catalogue catalogue = With({{.id = "apps/sample/first", .untested = "really?"}, {.id = "apps/sample/third"}});
  EXPECT_THAT(CheckBehaviours(catalogue, RegisteredBehaviours()),
              ElementsAre(HasSubstr("apps/sample/second is not in the catalogue"),
                          "apps/sample/first: has a test, so it is not untested",
                          "apps/sample/third: a must without a test needs an `untested` reason"));
}

TEST(CheckBehaviours, FindsTwoTestsOfOneName) {
  const std::vector<Behaviour> twice(2, Behaviour{"apps/sample/first", "", "conformance/behaviours/a.cc", 7, nullptr});
  EXPECT_THAT(CheckBehaviours(With({{.id = "apps/sample/first"}}), twice),
              ElementsAre("conformance/behaviours/a.cc:7: a second test named apps/sample/first"));
}

}  // namespace
}  // namespace kp::conformance
