#include "bindings/cli/property_host.h"

#include "properties/property.h"
#include "reference/base/check.h"
#include "reference/base/mutant.h"

namespace kp::cli {

using conformance::Entry;
using conformance::Job;
using properties::Property;
using reports::Outcome;
using reports::TestResult;

namespace {

class PropertyHost : public BackendHost {
 public:
  explicit PropertyHost(int seeds) : seeds_(seeds) {}

  fixtures::Backend backend() const override { return fixtures::Backend::kSim; }
  conformance::Capabilities Offers(const Entry&) const override { return {}; }
  TestResult Run(const Job& job, const Entry&) override {
    const Property& property = *properties::FindProperty(job.behaviour.id);
    TestResult result = conformance::ResultOf(job);
    result.outcome = Outcome::kPass;
    if (const auto violation = properties::Check(property, job.seed, seeds_ > 0 ? seeds_ : property.seeds)) {
      result.outcome = Outcome::kFail;
      result.seed = violation->seed;
      result.message = violation->text;
    }
    return result;
  }
  std::string ServerIdentity() const override { return "kubeproof, its cores"; }
  std::string RecipeFlags() const override { return ""; }

 private:
  int seeds_;
};

}  // namespace

std::unique_ptr<BackendHost> MakePropertyHost(int seeds) { return std::make_unique<PropertyHost>(seeds); }

PlannedJob PlanProperty(std::string_view id, uint64_t first_seed, BackendHost& host) {
  static const Entry none;  // a property is in no catalogue
  const Property* property = properties::FindProperty(id);
  CHECK(property != nullptr) << id;
  Job job;
  job.behaviour.id = property->id;
  job.backend = host.name();
  job.seed = first_seed;
  job.recipe = "kubeproof properties --id " + std::string(id) + " --seed " + std::to_string(first_seed);
  return {job, &none, &host};
}

}  // namespace kp::cli
