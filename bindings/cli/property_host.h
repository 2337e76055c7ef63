// Properties as jobs of the pool, beside behaviours: what the kill matrix runs is one list.
#pragma once

#include <memory>
#include <string_view>

#include "bindings/cli/conform_plan.h"

namespace kp::cli {

// Tries at most `seeds` of a property's seeds from the job's on; 0 for as many as the property asks for.
// The result's seed is the one that broke it.
std::unique_ptr<BackendHost> MakePropertyHost(int seeds);

// `id` must be a property's.
PlannedJob PlanProperty(std::string_view id, uint64_t first_seed, BackendHost& host);

}  // namespace kp::cli
