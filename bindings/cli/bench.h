// Measurements of the project itself: what `kubeproof bench` prints. Nothing asserts them.
#pragma once

#include <string>
#include <vector>

#include "reference/base/status.h"

namespace kp::cli {

struct BenchOptions {
  int rounds = 0;  // 0: the bench's own
  // Small enough for a test: shows that the bench works, not how fast anything is.
  bool quick = false;
  // Of the store: "etcd" measures a stock one beside ours; and one part of it ("single", "cluster", "watch").
  std::string peer;
  std::string part;
};

enum class Target : unsigned char { kNone, kAtLeast, kBelow };

// One figure of a bench, as often as it was measured.
struct Measure {
  std::string what;
  std::string unit;  // "s", "MB", "x real time"
  Target target = Target::kNone;
  double wanted = 0;
  std::vector<double> rounds;
  // The peer's, of the same rounds; the target is then one of the ratio of ours to its.
  std::vector<double> peer;

  // What the target is about: the rounds, or their ratios to the peer's.
  std::vector<double> Judged() const;
  // By the median.
  bool Met() const;
};

double Median(std::vector<double> values);

using Measures = std::vector<Measure>;
Result<Measures> BenchUp(const BenchOptions& options);
Result<Measures> BenchSim(const BenchOptions& options);
Result<Measures> BenchDeployment(const BenchOptions& options);
Result<Measures> BenchScheduler(const BenchOptions& options);
Result<Measures> BenchStore(const BenchOptions& options);

// Seconds of processor that this process has used.
double CpuSeconds();

}  // namespace kp::cli
