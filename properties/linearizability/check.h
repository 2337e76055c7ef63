// Judges a history: each object of it alone, and of a bad one the few operations that matter.
#pragma once

#include "properties/linearizability/core.h"
#include "properties/linearizability/search.h"

namespace kp::linearizability {

struct ObjectVerdict {
  api::Value key;                              // null when the model has one object
  std::vector<history::Operation> operations;  // of this object, by call
  Answer answer = Answer::kUnknown;
  // kLegal: indices into `operations`, an order that explains every result.
  std::vector<size_t> order;
  // kIllegal: index into `operations`, of the first return that nothing explains.
  size_t first_bad = 0;
  std::optional<Core> core;  // kIllegal, when asked for
  std::string reason;        // kUnknown
  uint64_t steps = 0;
};

struct Report {
  Answer answer = Answer::kLegal;      // illegal if one object is, else unknown if one is
  std::vector<ObjectVerdict> objects;  // by key
};

struct CheckOptions {
  Budget budget;  // of one object
  Method method = Method::kBoth;
  bool shrink = true;
};

// kInvalidArgument, naming the operation, when the model does not know it.
Result<Report> Check(const std::vector<history::Operation>& operations, const ModelKind& kind,
                     const CheckOptions& options = {});

}  // namespace kp::linearizability
