// One reconciliation of a Deployment: which set to make, which to scale, one step at a time, so that the
// bounds hold at every moment as seen from the API.
#pragma once

#include <vector>

#include "reference/controllers/plan.h"

namespace kp::controllers {

class DeploymentRollout {
 public:
  // `sets` are the Deployment's own; `all_in_namespace` tells which names are taken.
  DeploymentRollout(const api::Value& deployment, std::vector<api::Value> sets, const api::Value& taken, WallTime now,
                    Plan& plan);

  // Makes the plan.
  void Run();

 private:
  bool SyncRevisions(bool may_create);
  api::Value NewSet(int64_t revision) const;
  api::Value Annotated(const api::Value& set, int64_t revision) const;
  void CreateNewSet(int64_t revision);
  void SetReplicas(const api::Value& set, int64_t replicas);
  bool IsScaling() const;
  void ScaleProportionally();
  void Roll();
  void Recreate();
  bool ScaleUpNew();
  bool ScaleDownOld();
  void CleanUpHistory();
  void WriteStatus();
  std::vector<api::Value> OldSets() const;

  const api::Value& deployment_;
  std::vector<api::Value> sets_;
  const api::Value& taken_;  // the object that holds the new set's name, or null
  WallTime now_;
  Plan& plan_;
  api::Value new_set_;
};

}  // namespace kp::controllers
