#include <set>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"
#include "reference/controllers/node.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kNodes;

// "10.244.0.0/16" and 3 give "10.244.3.0/24".
std::string Subnet(const std::string& cluster_cidr, uint32_t index) {
  uint32_t address = 0;
  std::string_view base = std::string_view(cluster_cidr).substr(0, cluster_cidr.find('/'));
  for (std::string_view part : Split(base, '.')) {
    address = (address << 8) | static_cast<uint32_t>(ParseInt(part).value_or(0) & 255);
  }
  address += index << 8;
  return std::to_string(address >> 24) + "." + std::to_string((address >> 16) & 255) + "." +
         std::to_string((address >> 8) & 255) + ".0/24";
}

// All nodes are one key: two that join at once must not be given the same subnet.
class NodeIpamController : public Controller {
 public:
  explicit NodeIpamController(std::string cluster_cidr) : cluster_cidr_(std::move(cluster_cidr)) {}

  std::string_view name() const override { return "node-ipam"; }
  std::vector<client::Resource> resources() const override { return {kNodes}; }

  void Wake(const client::Resource&, const Value&, const Value& now, const View&,
            std::set<std::string>& keys) const override {
    if (!now.is_null() && now.At({"spec", "podCIDR"}).empty()) keys.insert("nodes");
  }

  Plan Reconcile(const View& view, const std::string&, WallTime) const override {
    Plan plan;
    std::set<std::string> used;
    for (const Value& node : view.List(kNodes, "")) used.insert(node.At({"spec", "podCIDR"}).str());
    uint32_t next = 0;
    for (const Value& node : view.List(kNodes, "")) {
      if (!node.At({"spec", "podCIDR"}).empty()) continue;
      while (used.contains(Subnet(cluster_cidr_, next))) ++next;
      std::string subnet = Subnet(cluster_cidr_, KP_MUTANT("node-ipam-gives-one-subnet-to-all") ? 7 : next++);
      // The version makes two managers that both believe to lead collide instead of overwriting.
      Value patch = Obj({{"metadata", Obj({{"resourceVersion", node.At({"metadata", "resourceVersion"})}})},
                         {"spec", Obj({{"podCIDR", subnet}, {"podCIDRs", api::Arr({subnet})}})}});
      plan.writes.push_back(
          Write::Patch({kNodes, "", node.At({"metadata", "name"}).str(), ""}, client::PatchType::kMerge, patch));
    }
    return plan;
  }

 private:
  std::string cluster_cidr_;
};

}  // namespace

std::unique_ptr<Controller> MakeNodeIpamController(std::string cluster_cidr) {
  return std::make_unique<NodeIpamController>(std::move(cluster_cidr));
}

}  // namespace kp::controllers
