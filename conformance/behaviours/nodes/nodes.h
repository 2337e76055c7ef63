// Nodes of a test's own: objects without a machine behind them.
//
// The scheduler places pods on them and the control plane watches over them, but no pod there ever runs. A
// taint keeps all other pods away, so that tests share a cluster.
#pragma once

#include <string>
#include <string_view>

#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

struct BareNodeOptions {
  std::string_view cpu = "4";
  std::string_view memory = "8Gi";
  int pods = 20;
  Value labels;
};

// Ready; deleted at the end of the test. Pods on it are then collected.
std::string BareNode(Context& t, const BareNodeOptions& options = {});
// A pod that only that node takes: it selects the node and tolerates its taint.
Value PodFor(std::string_view name, const std::string& node);
// The same for all nodes with a label that BareNode was given.
Value PodForLabel(std::string_view name, std::string_view key, std::string_view value);
Value WithRequest(const Value& pod, std::string_view resource, std::string_view amount);
void AddTaint(Context& t, const std::string& node, const Value& taint);
void RemoveTaint(Context& t, const std::string& node, std::string_view key);
bool HasTaint(const Value& node, std::string_view key, std::string_view effect);
bool IsBound(const Value& pod);
// Waits for a node; its name.
std::string AwaitBound(Context& t, std::string_view name);
// Waits until the scheduler has said that the pod fits nowhere, for this reason among others; the message.
std::string AwaitUnschedulable(Context& t, std::string_view name, std::string_view reason = "");

}  // namespace kp::conformance
