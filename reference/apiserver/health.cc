#include "reference/apiserver/health.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

struct Health::Run {
  SharedCall call;
  std::string endpoint;  // "readyz"
  bool verbose = false;
  std::vector<std::string> names;
  std::vector<std::string> results;
  size_t left = 0;

  void Finish() {
    std::string report;
    bool well = true;
    for (size_t i = 0; i < names.size(); ++i) {
      well = well && results[i].empty();
      report += results[i].empty() ? "[+]" + names[i] + " ok\n" : "[-]" + names[i] + " failed: reason withheld\n";
    }
    constexpr std::string_view kText = "text/plain; charset=utf-8";
    if (!well) return call->AnswerText(500, kText, report + endpoint + " check failed\n");
    call->AnswerText(200, kText, verbose ? report + endpoint + " check passed\n" : "ok");
  }
};

void Health::Add(std::string name, Check check, bool ready_only) {
  checks_.push_back({std::move(name), std::move(check), ready_only});
}

bool Health::Serve(const SharedCall& call) {
  const std::vector<std::string_view> parts = Split(std::string_view(call->info.path).substr(1), '/');
  const std::string endpoint(parts[0]);
  if (endpoint != "healthz" && endpoint != "livez" && endpoint != "readyz") return false;
  const std::string wanted =
      call->info.path.size() > endpoint.size() + 1 ? call->info.path.substr(endpoint.size() + 2) : "";
  std::vector<std::string> excluded;
  for (const auto& [key, value] : call->request.query) {
    if (key == "exclude") excluded.push_back(value);
  }
  auto run = std::make_shared<Run>();
  run->call = call;
  run->endpoint = endpoint;
  run->verbose = call->request.HasQuery("verbose");
  std::vector<const Check*> checks;
  for (const Named& named : checks_) {
    if (named.ready_only && endpoint != "readyz") continue;
    if (!wanted.empty() && named.name != wanted) continue;
    if (!KP_MUTANT("health-excludes-nothing") &&
        std::find(excluded.begin(), excluded.end(), named.name) != excluded.end())
      continue;
    run->names.push_back(named.name);
    checks.push_back(&named.check);
  }
  if (!wanted.empty() && checks.empty()) return false;
  run->results.resize(checks.size());
  run->left = checks.size();
  if (checks.empty()) run->Finish();
  for (size_t i = 0; i < checks.size(); ++i) {
    (*checks[i])([run, i](std::string result) {
      run->results[i] = std::move(result);
      if (--run->left == 0) run->Finish();
    });
  }
  return true;
}

}  // namespace kp::apiserver
