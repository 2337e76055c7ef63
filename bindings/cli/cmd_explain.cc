// kubeproof explain scheduling POD: where a pod would go, and why not elsewhere.
#include <cstdio>
#include <optional>
#include <vector>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"
#include "reference/scheduler/explain.h"

namespace kp::cli {
namespace {

constexpr Duration kCallBudget = 30s;

constexpr const char* kHelp =
    "usage: kubeproof explain scheduling [NAMESPACE/]POD --kubeconfig FILE\n"
    "Tells of each node why it is refused, or its score plugin by plugin, with the cluster as it is now.\n";

using Answer = api::ApiResult<api::Value>;

// One call, one answer.
Answer Await(runtime::posix::PosixEnv& env, const std::function<void(client::ObjectDone)>& call) {
  auto answer = std::make_shared<std::optional<Answer>>();
  call([answer](Answer result) { *answer = std::move(result); });
  bool came = env.RunUntil([&] { return answer->has_value(); }, kCallBudget).ok();
  if (!came) return client::Unreachable(Status(Code::kDeadlineExceeded, "no answer"));
  return **answer;
}

int Explain(const std::string& ns, const std::string& name, const std::string& kubeconfig) {
  runtime::posix::PosixEnv env(PosixOptionsOf({.name = "explain", .log_level = "error"}));
  auto options = ReadKubeconfig(env.disk(), kubeconfig);
  if (!options.ok()) return Complain("explain", options.status().message(), kEnvironment);
  auto client = client::KubeClient::Create(env, *options);
  if (!client.ok()) return Complain("explain", client.status().message(), kEnvironment);
  auto list = [&](const client::Resource& resource) {
    return Await(env, [&](auto done) { (*client)->List({resource, "", "", ""}, {}, std::move(done)); });
  };
  Answer pod = Await(env, [&](auto done) { (*client)->Get({client::kPods, ns, name, ""}, std::move(done)); });
  if (!pod.ok()) return Complain("explain", pod.error().message(), kEnvironment);
  Answer nodes = list(client::kNodes);
  if (!nodes.ok()) return Complain("explain", nodes.error().message(), kEnvironment);
  Answer pods = list(client::kPods);
  if (!pods.ok()) return Complain("explain", pods.error().message(), kEnvironment);
  auto items = [](const api::Value& all) {
    return std::vector<api::Value>(all["items"].items().begin(), all["items"].items().end());
  };
  scheduler::Decision decision = scheduler::ExplainPod(*pod, items(*nodes), items(*pods));
  std::fputs(scheduler::FormatExplanation(*pod, decision).c_str(), stdout);
  return kPass;
}

}  // namespace

int RunExplain(int argc, char** argv) {
  std::vector<std::string> words;
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--help") {
      std::fputs(kHelp, stdout);
      return kPass;
    }
    // Words come before flags, so that a flag's own argument is none.
    if (rest.size() == 1 && !word.starts_with("-")) {
      words.emplace_back(word);
    } else {
      rest.push_back(argv[i]);
    }
  }
  std::string kubeconfig;
  Flags flags;
  flags.Text("kubeconfig", &kubeconfig);
  Status status = flags.Parse(static_cast<int>(rest.size()), rest.data());
  if (!status.ok()) return Complain("explain", status.message(), kUsage);
  if (words.size() != 2 || words[0] != "scheduling") {
    return Complain("explain", "want: explain scheduling [NAMESPACE/]POD", kUsage);
  }
  if (kubeconfig.empty()) return Complain("explain", "--kubeconfig is required", kUsage);
  size_t slash = words[1].find('/');
  bool named = slash != std::string::npos;
  return Explain(named ? words[1].substr(0, slash) : "default", named ? words[1].substr(slash + 1) : words[1],
                 kubeconfig);
}

}  // namespace kp::cli
