// Histories to try the searches on: clients of a real object whose operations take effect at a drawn
// moment between call and return. Some results are then falsified, so that about half are wrong.
#pragma once

#include <functional>

#include "properties/history/operation.h"
#include "reference/base/random.h"

namespace kp::linearizability {

struct RandomHistoryOptions {
  size_t operations = 10;
  size_t clients = 3;
  double crashed = 0.1;     // share of operations with unknown outcome
  double falsified = 0.05;  // share of results that are replaced
};

// An object that can be driven: draws an operation, and does it.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual history::Operation Draw(Random& random) = 0;
  virtual api::Value Apply(const history::Operation& operation) = 0;  // its output
  virtual api::Value Falsify(const history::Operation& operation, Random& random) = 0;
  // Not every operation succeeds: false makes the last one a known failure.
  virtual bool succeeded() const { return true; }
};

std::vector<history::Operation> RandomHistory(Subject& subject, const RandomHistoryOptions& options, Random random);

}  // namespace kp::linearizability
