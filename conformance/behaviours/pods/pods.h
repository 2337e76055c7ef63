// Pods with scripted containers, and what their status tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/behaviours/objects.h"

namespace kp::conformance {

// A container of the test image that does what `args` say.
Value Container(std::string_view name, const std::vector<std::string>& args = {});
Value PodOf(std::string_view name, std::initializer_list<Value> containers);
// A pod that no node takes, to look at what the API makes of it.
Value IdlePod(std::string_view name);
Value WithPolicy(const Value& pod, std::string_view restart_policy);
// Its only container with a probe that runs `command` each second.
Value WithProbe(const Value& pod, std::string_view kind, std::string_view command, int failure_threshold);

// Of containers and init containers; null when there is none yet.
const Value& StatusOf(const Value& pod, std::string_view container);
int64_t RestartsOf(const Value& pod, std::string_view container);
bool HasPhase(const Value& pod, std::string_view phase);
Value AwaitPhase(Context& t, std::string_view name, std::string_view phase);
Value AwaitReadyPod(Context& t, std::string_view name);
// Stays in this phase for a while.
void KeepsPhase(Context& t, std::string_view name, std::string_view phase);
// Seconds from one RFC 3339 time to another.
int64_t SecondsBetween(const Value& from, const Value& to);
// The fields that an error's causes name.
bool NamesField(const api::ApiStatus& status, std::string_view field);

}  // namespace kp::conformance
