#include "properties/property.h"

#include <gtest/gtest.h>

namespace kp::properties {
namespace {

TEST(Property, IdsAreSortedAndUnique) {
  for (size_t i = 1; i < AllProperties().size(); ++i) EXPECT_LT(AllProperties()[i - 1].id, AllProperties()[i].id);
}

TEST(Property, IsFoundByItsId) {
  for (const Property& property : AllProperties()) EXPECT_EQ(FindProperty(property.id), &property);
  EXPECT_EQ(FindProperty("properties/none/such"), nullptr);
}

// The folders' own tests try more seeds of each.
TEST(Property, HoldsOfASoundReference) {
  for (const Property& property : AllProperties()) {
    if (!property.stops.empty()) continue;  // it would stop us
    const auto violation = Check(property, 1, 1);
    EXPECT_FALSE(violation) << property.id << ": " << violation->text;
  }
}

TEST(Property, TheFirstViolationIsTold) {
  const Property odd = {"properties/x", "no seed is divisible by 7", 20, [](uint64_t seed) {
                          return seed % 7 == 0 ? std::optional<std::string>("it is") : std::nullopt;
                        }};
  EXPECT_EQ(Check(odd, 1, 20)->seed, 7U);
  EXPECT_FALSE(Check(odd, 8, 6));
}

}  // namespace
}  // namespace kp::properties
