// How often faults were injected over a run, and in how many tests each kind bit.
#pragma once

#include <map>
#include <string>

#include "reports/results.h"

namespace kp::cli {

class FaultTally {
 public:
  void Count(const reports::TestResult& result);
  // "" when nothing was injected. A kind that bites in few tests tests little.
  std::string Table() const;

 private:
  struct Tally {
    int tests = 0;
    int64_t times = 0;
  };

  // "       12 in  40%".
  std::string Cell(const std::map<std::string, Tally>& tallies, const std::string& kind) const;

  int tests_ = 0;  // with faults
  std::map<std::string, Tally> injected_;
  std::map<std::string, Tally> bit_;
  std::map<std::string, Tally> effects_;
};

}  // namespace kp::cli
