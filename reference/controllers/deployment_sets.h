// What a Deployment knows about its ReplicaSets: which is the new one, revisions, names, arithmetic.
// Sources: apps/v1 DeploymentSpec field documentation; kubernetes pkg/controller/deployment/util.
#pragma once

#include <string>
#include <vector>

#include "reference/api/value.h"

namespace kp::controllers {

inline constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
inline constexpr std::string_view kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view kMaxReplicas = "deployment.kubernetes.io/max-replicas";
inline constexpr std::string_view kTemplateHash = "pod-template-hash";

inline int64_t SpecReplicas(const api::Value& object) { return object.At({"spec", "replicas"}).AsInt(1); }
int64_t SumSpecReplicas(const std::vector<api::Value>& sets);
// A set that was just scaled down still reports pods that are going: it counts with its spec at most.
int64_t SumAvailable(const std::vector<api::Value>& sets);
int64_t RevisionOf(const api::Value& set);

// The hash that names a template's ReplicaSet and labels its pods.
std::string TemplateHash(const api::Value& pod_template, int64_t collisions);
// Equal but for the hash label.
bool SameTemplate(const api::Value& a, const api::Value& b);
// The oldest set whose template is the Deployment's; null when there is none.
api::Value FindNewSet(const api::Value& deployment, const std::vector<api::Value>& sets);
// By creation time, then name.
void SortByAge(std::vector<api::Value>& sets);

// Percentages of spec.replicas: surge rounded up, unavailable down; both zero make unavailable 1.
struct RollingBounds {
  int64_t max_surge = 0;
  int64_t max_unavailable = 0;
};
RollingBounds BoundsOf(const api::Value& deployment);
bool IsRolling(const api::Value& deployment);

// How many replicas the new set should have now.
int64_t NewSetReplicas(const api::Value& deployment, const std::vector<api::Value>& all, const api::Value& new_set);

}  // namespace kp::controllers
