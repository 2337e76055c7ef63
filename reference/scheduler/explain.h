// Why a pod goes where it goes, for people.
#pragma once

#include <string>
#include <vector>

#include "reference/api/value.h"
#include "reference/scheduler/cycle.h"

namespace kp::scheduler {

// The decision about `pod` on these nodes with what the other `pods` take of them. A pod that is placed
// already is looked at as if it came now.
Decision ExplainPod(const api::Value& pod, const std::vector<api::Value>& nodes, const std::vector<api::Value>& pods);

// One line for the pod, one for each node: the filter that refuses it with its reasons, or the score with
// each plugin's share. The order of the filters comes last: the first that refuses is the one that is told.
std::string FormatExplanation(const api::Value& pod, const Decision& decision);

}  // namespace kp::scheduler
