// Objects that tests make, as short as the API allows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/context.h"

namespace kp::conformance {

using api::Arr;
using api::Obj;
using api::Value;

// A merge of `labels` into an object's metadata.
Value WithLabels(const Value& object, const Value& labels);
// {"metadata": {"name": name}}.
Value Named(std::string_view name);

// A pod with one container "c" of the test image that runs until it is stopped, or does what `args` say
// (see the test image's commands: exit CODE, crash, sleep T, http ...).
Value Pod(std::string_view name, const Value& labels = Value(), const std::vector<std::string>& args = {});
// The same as spec.template of a workload.
Value PodTemplate(const Value& labels, const std::vector<std::string>& args = {});
Value ReplicaSet(std::string_view name, int replicas, const Value& labels);
Value Deployment(std::string_view name, int replicas, const Value& labels);
Value ConfigMap(std::string_view name, const Value& data = Value());
Value Service(std::string_view name, const Value& selector, int port = 80);

std::string NameOf(const Value& object);
std::string UidOf(const Value& object);
std::string VersionOf(const Value& object);
bool IsTerminating(const Value& object);
// The owner reference with controller: true; null when there is none.
const Value& ControllerOf(const Value& object);
// The condition of a type; null when there is none.
const Value& ConditionOf(const Value& object, std::string_view type);
bool HasCondition(const Value& object, std::string_view type, std::string_view status);
bool IsReady(const Value& pod);

// Pods of the test's namespace that match a selector and are not being deleted.
std::vector<Value> ActivePods(Context& t, const std::string& selector);
// The ReplicaSets that a Deployment controls, oldest revision first.
std::vector<Value> SetsOf(Context& t, const Value& deployment);
// Waits until the Deployment's spec is seen and all its replicas are new and available; the Deployment.
Value AwaitRollout(Context& t, const std::string& name);
// Events about an object, by reason.
std::vector<Value> EventsAbout(Context& t, const Value& object, std::string_view reason);

}  // namespace kp::conformance
