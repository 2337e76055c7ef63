// A store of somebody else's: any server of the etcd v3 API, given by its endpoints.
#include "bindings/cli/backend_host.h"
#include "fixtures/foreign_store.h"
#include "reference/base/strings.h"

namespace kp::cli {

using conformance::Capabilities;
using conformance::Entry;
using conformance::Job;
using reports::TestResult;

namespace {

class StoreHost : public BackendHost {
 public:
  explicit StoreHost(const ClusterShape& shape) : shape_(shape) {
    for (std::string_view endpoint : Split(shape.etcd_endpoints, ',')) {
      ConsumePrefix(endpoint, "http://");
      if (!endpoint.empty()) options_.endpoints.emplace_back(endpoint);
    }
    options_.fast_time = shape.slow;
  }

  fixtures::Backend backend() const override { return fixtures::Backend::kProcess; }
  Status Start() override {
    auto store = fixtures::ForeignStore::Connect(options_);
    if (!store.ok()) return store.status();
    identity_ = (*store)->ServerIdentity();
    version_ = (*store)->version();
    return {};
  }
  Capabilities Offers(const Entry&) const override {
    Capabilities offers = {{"store", 1}, {"alone", 1}, {"members", static_cast<int64_t>(options_.endpoints.size())}};
    if (shape_.slow) offers["fast-time"] = 1;
    return offers;
  }
  TestResult Run(const Job& job, const Entry&) override {
    auto store = fixtures::ForeignStore::Connect(options_);
    if (!store.ok()) {
      TestResult result = conformance::ResultOf(job);
      result.outcome = reports::Outcome::kFail;
      result.message = std::string(kSetupFailed) + store.status().message();
      return result;
    }
    // The names of an earlier run may still be in use there.
    Job salted = job;
    salted.salt = (*store)->env().random().Next();
    return conformance::RunJob(salted, **store);
  }
  bool OneAtATime() const override { return true; }
  std::string ServerIdentity() const override { return identity_; }
  std::string RecipeFlags() const override {
    return "--area store --etcd-endpoints " + shape_.etcd_endpoints + (shape_.slow ? " --slow" : "");
  }
  std::string ServerVersion() const override { return version_; }

 private:
  ClusterShape shape_;
  fixtures::ForeignStoreOptions options_;
  std::string identity_;
  std::string version_;
};

}  // namespace

std::unique_ptr<BackendHost> MakeStoreHost(const ClusterShape& shape) { return std::make_unique<StoreHost>(shape); }

}  // namespace kp::cli
