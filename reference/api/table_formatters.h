// Cells of tables that are more than one field (`column Ready string 0 @pod-ready`). Texts follow
// k8s.io/kubernetes/pkg/printers/internalversion: scripts read them.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::api {

// CHECKs that the name is known: names stand in our own schema files.
Value FormatCell(std::string_view formatter, const Value& object, WallTime now);
bool IsKnownFormatter(std::string_view formatter);

// "5m" since the RFC 3339 time; "<unknown>" without one.
std::string AgeSince(const Value& time, WallTime now);

// metav1.FormatLabelSelector: "a=b,c in (d,e)"; "<none>" when it selects everything.
std::string FormatLabelSelector(const Value& selector);

// pod_formatters.cc: the columns of a pod, whose state is spread over its containers.
struct PodSummary {
  std::string ready;     // "1/2"
  std::string status;    // "CrashLoopBackOff"
  std::string restarts;  // "3 (5m ago)"
};
PodSummary SummarizePod(const Value& pod, WallTime now);

}  // namespace kp::api
