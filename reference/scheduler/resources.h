// Amounts of resources in the units the scheduler counts in.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reference/api/value.h"

namespace kp::scheduler {

struct Resources {
  int64_t milli_cpu = 0;
  int64_t memory = 0;     // bytes
  int64_t ephemeral = 0;  // bytes of local storage
  // Extended resources ("example.com/gpu") and huge pages, by name.
  std::vector<std::pair<std::string, int64_t>> scalars;

  int64_t Scalar(std::string_view name) const;
  void Add(const Resources& other);
  void Subtract(const Resources& other);
  // The larger of each.
  void Max(const Resources& other);
  bool operator==(const Resources&) const = default;
};

// Of a resource list such as `{"cpu": "500m", "memory": "1Gi"}`; what cannot be parsed counts as zero (the
// API has validated it).
Resources ResourcesOf(const api::Value& list);

}  // namespace kp::scheduler
