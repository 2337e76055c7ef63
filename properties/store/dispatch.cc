#include "properties/store/dispatch.h"

#include <algorithm>
#include <optional>

#include "reference/base/check.h"
#include "reference/store/services.h"

namespace kp::properties {

using transport::GrpcServerStream;

namespace {

constexpr Duration kAnswerBudget = 60s;
constexpr Duration kStreamTime = 200ms;

// The client's end of a streaming call.
class FakeStream : public GrpcServerStream {
 public:
  void Send(transport::SharedBytes) override {}
  void Finish(const Status& status) override {
    if (!end_) end_ = status;
  }
  size_t BufferedBytes() const override { return 0; }
  const transport::GrpcContext& context() const override { return context_; }
  const std::optional<Status>& end() const { return end_; }

 private:
  transport::GrpcContext context_;
  std::optional<Status> end_;
};

}  // namespace

class Dispatch::Host : public runtime::Actor {
 public:
  explicit Host(runtime::Env& env) {
    store::MemberOptions options;
    options.cluster = *store::ParseCluster("a=http://10.0.0.1:2380", "token");
    options.self = options.cluster.members[0].id;
    options.data_dir = "/data";
    options.wal_segment_bytes = 1 << 20;
    auto member = store::Member::Create(env, options);
    CHECK(member.ok()) << member.status().ToString();
    member_ = std::move(*member);
    services_ = std::make_unique<store::Services>(env, *member_,
                                                  store::ServicesOptions{.certificate_users = true, .bcrypt_cost = 4});
    methods = services_->Methods();
    member_->Start();
  }
  const store::Member& member() const { return *member_; }

  transport::GrpcServices methods;

 private:
  std::unique_ptr<store::Member> member_;
  std::unique_ptr<store::Services> services_;
};

Dispatch::Dispatch(uint64_t seed)
    : world_(std::make_unique<runtime::sim::World>(runtime::sim::WorldOptions{.seed = seed})) {
  world_->Spawn("store", "10.0.0.1", [this](runtime::Env& env) {
    auto host = std::make_unique<Host>(env);
    host_ = host.get();
    return host;
  });
  CHECK(world_->RunUntil([this] { return host_->member().is_leader(); }, kAnswerBudget).ok());
  for (const auto& [name, method] : host_->methods.unary) methods_.push_back(name);
  for (const auto& [name, method] : host_->methods.streams) methods_.push_back(name);
  std::sort(methods_.begin(), methods_.end());
}

Dispatch::~Dispatch() = default;

Status Dispatch::Call(const std::string& method, std::string_view message, const transport::GrpcContext& context) {
  const bool unary = host_->methods.unary.count(method) > 0;
  Status status = unary ? CallUnary(method, message, context) : CallStream(method, message);
  CHECK(IsOfTheApi(status)) << method << ": " << status.ToString();
  return status;
}

Status Dispatch::CallUnary(const std::string& method, std::string_view message, const transport::GrpcContext& context) {
  auto answer = std::make_shared<std::optional<Status>>();
  host_->methods.unary.at(method)(context, message, [answer, method](const Result<std::string>& result) {
    CHECK(!answer->has_value()) << method << " has answered twice";
    *answer = result.status();
  });
  CHECK(world_->RunUntil([&] { return answer->has_value(); }, kAnswerBudget).ok()) << method << " does not answer";
  return **answer;
}

Status Dispatch::CallStream(const std::string& method, std::string_view message) {
  const auto stream = std::make_shared<FakeStream>();
  const auto handler = host_->methods.streams.at(method)(stream);
  if (!stream->end()) handler->OnMessage(message);
  world_->RunFor(kStreamTime);
  if (!stream->end()) handler->OnHalfClose();
  world_->RunFor(kStreamTime);
  handler->OnEnd();
  return stream->end().value_or(Status());
}

void Dispatch::CheckSound() {
  world_->RunFor(kStreamTime);
  CHECK(world_->status("store") == runtime::sim::ProcessStatus::kRunning) << world_->failure("store");
  host_->member().CheckInvariants();
}

bool IsOfTheApi(const Status& status) {
  if (status.ok()) return true;
  for (const std::string_view start : {"etcdserver: ", "grpc: ", "mutex: ", "election: ", "\"leader\" field"}) {
    if (std::string_view(status.message()).starts_with(start)) return true;
  }
  return false;
}

}  // namespace kp::properties
