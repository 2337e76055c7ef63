// RapidCheck with a pinned seed: the ordinary test run is the same every time. For test files only.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <sstream>
#include <utility>

namespace kp::properties {

// Fails the running GoogleTest with the shrunk counterexample.
//
//   CheckPinned({.seed = 7, .maxSuccess = 50}, [](int a) { RC_ASSERT(a * 0 == 0); });
template <typename Testable>
void CheckPinned(const rc::detail::TestParams& params, Testable&& testable) {
  const auto result = rc::detail::checkTestable(std::forward<Testable>(testable), rc::detail::TestMetadata(), params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  FAIL() << text.str();
}

}  // namespace kp::properties
