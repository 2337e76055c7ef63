// What pods and the templates of pods have in common.
#pragma once

#include <string_view>

#include "reference/api/field_cause.h"
#include "reference/api/value.h"

namespace kp::apiserver {

// Defaults of a PodSpec that depend on other fields.
api::Value DefaultPodSpec(const api::Value& spec);
// The rules of a PodSpec that the schema cannot say; `path` is where it stands.
api::FieldCauses CheckPodSpec(const api::Value& spec, std::string_view path);
// The rules of a workload's spec: its selector selects its own template, whose pods restart always.
api::FieldCauses CheckWorkload(const api::Value& object, std::string_view kind);
api::Value DefaultTemplate(const api::Value& object);

// Ephemeral containers are added and never changed or removed, and have neither ports nor probes.
api::FieldCauses CheckEphemeralContainers(const api::Value& pod, const api::Value& old);

// "Guaranteed", "Burstable" or "BestEffort".
std::string_view QosClassOf(const api::Value& spec);
// Requests that are missing become the limits.
api::Value WithRequestsFromLimits(const api::Value& spec);

}  // namespace kp::apiserver
