#include <gtest/gtest.h>

#include "conformance/behaviour.h"
#include "conformance/catalogue.h"

namespace kp::conformance {
namespace {

TEST(Registry, EveryTestNamesALiveIdAndEveryMustHasATestOrAReason) {
  for (const std::string& problem : CheckBehaviours(BuiltinCatalogue(), RegisteredBehaviours())) {
    ADD_FAILURE() << problem;
  }
}

}  // namespace
}  // namespace kp::conformance
