// A controller: which objects wake which key, and what to do about a key. Everything else (queue,
// back-off, conflicts, the write barrier) is ControllerRunner's.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/controllers/plan.h"
#include "reference/controllers/view.h"

namespace kp::controllers {

class Controller {
 public:
  virtual ~Controller() = default;
  // As in `--controllers=deployment,replicaset`.
  virtual std::string_view name() const = 0;
  // Resources that it reads.
  virtual std::vector<client::Resource> resources() const = 0;
  // Adds the keys that a change may concern. `old` is null for a new object, `now` for a deleted one.
  virtual void Wake(const client::Resource& resource, const api::Value& old, const api::Value& now, const View& view,
                    std::set<std::string>& keys) const = 0;
  // A settled world must give an empty plan; the same world the same plan.
  virtual Plan Reconcile(const View& view, const std::string& key, WallTime now) const = 0;
};

}  // namespace kp::controllers
