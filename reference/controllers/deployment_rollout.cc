#include "reference/controllers/deployment_rollout.h"

#include <algorithm>
#include <map>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"
#include "reference/controllers/deployment_sets.h"
#include "reference/controllers/deployment_status.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {

using api::Obj;
using api::Value;
using client::kDeployments;
using client::kReplicaSets;

namespace {

std::string NsOf(const Value& object) { return object.At({"metadata", "namespace"}).str(); }
std::string NameOf(const Value& object) { return object.At({"metadata", "name"}).str(); }

// Annotations that belong to one object alone and are not handed from the Deployment to its sets.
bool IsOwnAnnotation(std::string_view key) {
  return key == "kubectl.kubernetes.io/last-applied-configuration" || key == kRevision || key == kRevisionHistory ||
         key == kDesiredReplicas || key == kMaxReplicas;
}

}  // namespace

DeploymentRollout::DeploymentRollout(const Value& deployment, std::vector<Value> sets, const Value& taken, WallTime now,
                                     Plan& plan)
    : deployment_(deployment), sets_(std::move(sets)), taken_(taken), now_(now), plan_(plan) {
  SortByAge(sets_);
  new_set_ = FindNewSet(deployment_, sets_);
}

std::vector<Value> DeploymentRollout::OldSets() const {
  std::vector<Value> old;
  for (const Value& set : sets_) {
    bool unfinished = set.At({"status", "availableReplicas"}).AsInt() < SpecReplicas(set);
    if (unfinished && KP_MUTANT("deployment-leaves-unfinished-sets")) continue;
    if (NameOf(set) != NameOf(new_set_) || new_set_.is_null()) old.push_back(set);
  }
  return old;
}

void DeploymentRollout::Run() {
  bool paused = deployment_.At({"spec", "paused"}).AsBool() && !KP_MUTANT("deployment-ignores-pause");
  if (paused || IsScaling()) {
    if (SyncRevisions(false)) ScaleProportionally();
    if (paused && plan_.writes.empty()) CleanUpHistory();
  } else if (IsRolling(deployment_)) {
    Roll();
  } else {
    Recreate();
  }
  WriteStatus();
}

// The new set's revision is one more than any old one's, and the Deployment carries the same. False when a
// write is needed first.
bool DeploymentRollout::SyncRevisions(bool may_create) {
  int64_t newest_old = 0;
  for (const Value& set : OldSets()) newest_old = std::max(newest_old, RevisionOf(set));
  if (KP_MUTANT("deployment-counts-no-revisions")) newest_old = 0;
  if (new_set_.is_null()) {
    if (!may_create) return true;
    CreateNewSet(newest_old + 1);
    return false;
  }
  int64_t revision = std::max(RevisionOf(new_set_), newest_old + 1);
  if (RevisionOf(new_set_) == 0 || newest_old >= RevisionOf(new_set_)) revision = newest_old + 1;
  Value annotated = Annotated(new_set_, revision);
  Value min_ready = deployment_["spec"]["minReadySeconds"];
  if (!(annotated["spec"]["minReadySeconds"] == min_ready) && !min_ready.is_null()) {
    annotated = annotated.With({"spec", "minReadySeconds"}, min_ready);
  }
  if (!(annotated == new_set_)) {
    plan_.writes.push_back(Write::Update({kReplicaSets, NsOf(new_set_), NameOf(new_set_), ""}, annotated));
    return false;
  }
  if (RevisionOf(deployment_) != revision) {
    Value patch = Obj({{"metadata", Obj({{"annotations", Obj({{kRevision, std::to_string(revision)}})}})}});
    plan_.writes.push_back(
        Write::Patch({kDeployments, NsOf(deployment_), NameOf(deployment_), ""}, client::PatchType::kMerge, patch));
    return false;
  }
  return true;
}

// The Deployment's annotations and the revision; a revision that changes is kept in the history.
Value DeploymentRollout::Annotated(const Value& set, int64_t revision) const {
  Value annotations = set.At({"metadata", "annotations"});
  if (annotations.is_null()) annotations = Value::EmptyObject();
  for (const api::Member& member : deployment_.At({"metadata", "annotations"}).members()) {
    if (!IsOwnAnnotation(member.key.text())) annotations = annotations.With(member.key.text(), member.value);
  }
  int64_t before = RevisionOf(set);
  if (before != revision) {
    if (before > 0) {
      std::string history = annotations[kRevisionHistory].str();
      annotations = annotations.With(kRevisionHistory, (history.empty() ? "" : history + ",") + std::to_string(before));
    }
    annotations = annotations.With(kRevision, std::to_string(revision));
  }
  return set.With({"metadata", "annotations"}, annotations);
}

Value DeploymentRollout::NewSet(int64_t revision) const {
  int64_t collisions = deployment_.At({"status", "collisionCount"}).AsInt();
  const Value& tmpl = deployment_.At({"spec", "template"});
  std::string hash = TemplateHash(tmpl, collisions);
  int64_t replicas = NewSetReplicas(deployment_, sets_, Value());
  int64_t most = SpecReplicas(deployment_) + BoundsOf(deployment_).max_surge;
  Value spec = Obj(
      {{"replicas", replicas},
       {"selector", deployment_.At({"spec", "selector"}).With({"matchLabels", kTemplateHash}, hash)},
       {"template",
        KP_MUTANT("deployment-pods-lack-the-hash") ? tmpl : tmpl.With({"metadata", "labels", kTemplateHash}, hash)}});
  if (deployment_["spec"].Has("minReadySeconds")) {
    spec = spec.With("minReadySeconds", deployment_["spec"]["minReadySeconds"]);
  }
  Value set = Obj({{"apiVersion", "apps/v1"},
                   {"kind", "ReplicaSet"},
                   {"metadata", Obj({{"name", NameOf(deployment_) + "-" + hash},
                                     {"namespace", NsOf(deployment_)},
                                     {"labels", tmpl.At({"metadata", "labels"}).With(kTemplateHash, hash)},
                                     {"ownerReferences", api::Arr({OwnerReferenceTo(deployment_)})}})},
                   {"spec", spec}});
  set = Annotated(set, revision);
  return set.With({"metadata", "annotations", kDesiredReplicas}, std::to_string(SpecReplicas(deployment_)))
      .With({"metadata", "annotations", kMaxReplicas}, std::to_string(most));
}

void DeploymentRollout::CreateNewSet(int64_t revision) {
  if (!taken_.is_null()) {
    // Another object has the name that our template hashes to: hash again with the next collision count.
    Value status = deployment_["status"].With("collisionCount", deployment_["status"]["collisionCount"].AsInt() + 1);
    plan_.writes.push_back(Write::Update({kDeployments, NsOf(deployment_), NameOf(deployment_), "status"},
                                         deployment_.With("status", status)));
    return;
  }
  Value set = NewSet(revision);
  Write write = Write::Create({kReplicaSets, NsOf(deployment_), "", ""}, set);
  int64_t replicas = SpecReplicas(set);
  if (replicas > 0) {
    write.event = EventNote{deployment_, "Normal", "ScalingReplicaSet",
                            "Scaled up replica set " + NameOf(set) + " from 0 to " + std::to_string(replicas)};
  }
  plan_.writes.push_back(std::move(write));
}

void DeploymentRollout::SetReplicas(const Value& set, int64_t replicas) {
  int64_t before = SpecReplicas(set);
  int64_t most = SpecReplicas(deployment_) + BoundsOf(deployment_).max_surge;
  Value scaled = set.With({"spec", "replicas"}, replicas)
                     .With({"metadata", "annotations", kDesiredReplicas}, std::to_string(SpecReplicas(deployment_)))
                     .With({"metadata", "annotations", kMaxReplicas}, std::to_string(most));
  if (KP_MUTANT("deployment-scaling-is-a-revision") && IsScaling()) {
    scaled = scaled.With({"metadata", "annotations", kRevision}, std::to_string(RevisionOf(set) + 1));
  }
  if (scaled == set) return;
  Write write = Write::Update({kReplicaSets, NsOf(set), NameOf(set), ""}, scaled);
  if (before != replicas && !KP_MUTANT("deployment-scales-in-silence")) {
    std::string direction = before < replicas ? "up" : "down";
    write.event = EventNote{deployment_, "Normal", "ScalingReplicaSet",
                            "Scaled " + direction + " replica set " + NameOf(set) + " from " + std::to_string(before) +
                                " to " + std::to_string(replicas)};
  }
  plan_.writes.push_back(std::move(write));
}

// A set with pods that was last scaled for another number of replicas.
bool DeploymentRollout::IsScaling() const {
  return std::any_of(sets_.begin(), sets_.end(), [&](const Value& set) {
    if (SpecReplicas(set) == 0) return false;
    auto desired = ParseInt(set.At({"metadata", "annotations", kDesiredReplicas}).AsString());
    return desired && *desired != SpecReplicas(deployment_);
  });
}

// A change of replicas during a roll-out is shared among the sets in proportion to their size.
void DeploymentRollout::ScaleProportionally() {
  std::vector<Value> active;
  for (const Value& set : sets_) {
    if (SpecReplicas(set) > 0) active.push_back(set);
  }
  if (active.size() <= 1) {
    const Value& only = !active.empty() ? active[0] : new_set_;
    if (!only.is_null()) SetReplicas(only, SpecReplicas(deployment_));
    return;
  }
  bool saturated = !new_set_.is_null() && SpecReplicas(new_set_) == SpecReplicas(deployment_) &&
                   new_set_.At({"status", "availableReplicas"}).AsInt() == SpecReplicas(deployment_);
  if (saturated) {
    for (const Value& set : OldSets()) {
      if (SpecReplicas(set) > 0) SetReplicas(set, 0);
    }
    return SetReplicas(new_set_, SpecReplicas(deployment_));
  }
  if (!IsRolling(deployment_)) return;
  int64_t allowed = SpecReplicas(deployment_) > 0 ? SpecReplicas(deployment_) + BoundsOf(deployment_).max_surge : 0;
  int64_t to_add = allowed - SumSpecReplicas(active);
  // Largest first; of equals the newest gains first and the oldest loses first.
  std::stable_sort(active.begin(), active.end(),
                   [](const Value& a, const Value& b) { return SpecReplicas(a) > SpecReplicas(b); });
  std::map<std::string, int64_t> size;
  int64_t added = 0;
  for (const Value& set : active) {
    int64_t replicas = SpecReplicas(set);
    int64_t before = ParseInt(set.At({"metadata", "annotations", kMaxReplicas}).AsString()).value_or(0);
    if (before == 0) before = SumSpecReplicas(active);
    // Rounded to nearest: the share that this set had of the old maximum.
    int64_t share = (2 * replicas * allowed + before) / (2 * before) - replicas;
    share = to_add > 0 ? std::clamp<int64_t>(share, 0, to_add - added) : std::clamp<int64_t>(share, to_add - added, 0);
    if (to_add == 0) share = 0;
    size[NameOf(set)] = replicas + share;
    added += share;
  }
  size[NameOf(active[0])] = std::max<int64_t>(0, size[NameOf(active[0])] + to_add - added);
  for (const Value& set : active) SetReplicas(set, size[NameOf(set)]);
}

void DeploymentRollout::Roll() {
  if (!SyncRevisions(true)) return;
  if (ScaleUpNew()) return;
  if (ScaleDownOld()) return;
  if (IsComplete(deployment_, deployment_["status"])) CleanUpHistory();
}

bool DeploymentRollout::ScaleUpNew() {
  int64_t have = SpecReplicas(new_set_);
  int64_t wanted = SpecReplicas(deployment_);
  if (have == wanted) return false;
  int64_t next = have > wanted ? wanted : NewSetReplicas(deployment_, sets_, new_set_);
  if (next == have) return false;
  SetReplicas(new_set_, next);
  return true;
}

bool DeploymentRollout::ScaleDownOld() {
  std::vector<Value> old = OldSets();
  if (SumSpecReplicas(old) == 0 || KP_MUTANT("deployment-keeps-the-old-pods")) return false;
  int64_t least = SpecReplicas(deployment_) - BoundsOf(deployment_).max_unavailable;
  int64_t new_unavailable = SpecReplicas(new_set_) - new_set_.At({"status", "availableReplicas"}).AsInt();
  int64_t budget = SumSpecReplicas(sets_) - least - new_unavailable;
  if (budget <= 0) return false;
  std::map<std::string, int64_t> size;
  // Pods that serve nobody go first: they cost no availability.
  int64_t removed = 0;
  for (const Value& set : old) {
    int64_t replicas = SpecReplicas(set);
    int64_t unhealthy = replicas - set.At({"status", "availableReplicas"}).AsInt();
    int64_t down = std::clamp<int64_t>(unhealthy, 0, budget - removed);
    size[NameOf(set)] = replicas - down;
    removed += down;
  }
  int64_t spare = SumAvailable(sets_) - least;
  for (const Value& set : old) {
    if (spare <= 0) break;
    int64_t down = std::min(size[NameOf(set)], spare);
    size[NameOf(set)] -= down;
    spare -= down;
  }
  bool scaled = false;
  for (const Value& set : old) {
    if (size[NameOf(set)] == SpecReplicas(set)) continue;
    SetReplicas(set, size[NameOf(set)]);
    scaled = true;
  }
  return scaled;
}

// Recreate: no new pod before the last old one is gone.
void DeploymentRollout::Recreate() {
  std::vector<Value> old = OldSets();
  bool scaled = false;
  bool running = false;
  for (const Value& set : old) {
    if (SpecReplicas(set) > 0) {
      SetReplicas(set, 0);
      scaled = true;
    }
    running |= set.At({"status", "replicas"}).AsInt() > 0;
  }
  if ((scaled || running) && !KP_MUTANT("deployment-recreate-does-not-wait")) return;
  if (!SyncRevisions(true)) return;
  if (SpecReplicas(new_set_) != SpecReplicas(deployment_)) return SetReplicas(new_set_, SpecReplicas(deployment_));
  if (IsComplete(deployment_, deployment_["status"])) CleanUpHistory();
}

void DeploymentRollout::CleanUpHistory() {
  if (!deployment_["spec"].Has("revisionHistoryLimit") || KP_MUTANT("deployment-keeps-all-history")) return;
  int64_t limit = deployment_["spec"]["revisionHistoryLimit"].AsInt();
  std::vector<Value> old = OldSets();
  std::erase_if(old, [](const Value& set) { return IsTerminating(set); });
  std::stable_sort(old.begin(), old.end(),
                   [](const Value& a, const Value& b) { return RevisionOf(a) < RevisionOf(b); });
  int64_t surplus = static_cast<int64_t>(old.size()) - limit;
  for (int64_t i = 0; i < surplus; ++i) {
    const Value& set = old[static_cast<size_t>(i)];
    bool busy = set.At({"status", "replicas"}).AsInt() != 0 || SpecReplicas(set) != 0 ||
                set.At({"metadata", "generation"}).AsInt() > set.At({"status", "observedGeneration"}).AsInt();
    if (busy) continue;
    client::DeleteOptions options;
    options.precondition_uid = set.At({"metadata", "uid"}).str();
    plan_.writes.push_back(Write::Delete({kReplicaSets, NsOf(set), NameOf(set), ""}, options));
  }
}

void DeploymentRollout::WriteStatus() {
  Value status = DeploymentStatus(deployment_, sets_, new_set_, now_, plan_);
  if (status == deployment_["status"]) return;
  // A plan that already writes the Deployment would conflict with itself; its next turn writes the status.
  for (const Write& write : plan_.writes) {
    if (write.ref.resource == kDeployments) return;
  }
  plan_.writes.push_back(Write::Update({kDeployments, NsOf(deployment_), NameOf(deployment_), "status"},
                                       deployment_.With("status", status)));
}

}  // namespace kp::controllers
