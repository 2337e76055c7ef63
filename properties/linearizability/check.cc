#include "properties/linearizability/check.h"

#include <map>

#include "properties/linearizability/brute_force.h"
#include "reference/api/json.h"

namespace kp::linearizability {

namespace {

std::vector<ObjectVerdict> ByObject(const std::vector<history::Operation>& operations, const ModelKind& kind) {
  std::map<std::string, size_t> place;
  std::vector<ObjectVerdict> objects;
  for (const history::Operation& operation : operations) {
    api::Value key = kind.by_key ? operation.key : api::Value();
    auto [at, is_new] = place.emplace(api::ToJson(key), objects.size());
    if (is_new) objects.push_back({.key = key});
    objects[at->second].operations.push_back(operation);
  }
  std::vector<ObjectVerdict> sorted;
  sorted.reserve(objects.size());
  for (const auto& [text, index] : place) sorted.push_back(std::move(objects[index]));
  return sorted;
}

Status Judge(ObjectVerdict& object, const ModelKind& kind, const CheckOptions& options) {
  std::unique_ptr<Model> model = kind.make();
  Result<Problem> problem = Reduce(*model, object.operations);
  if (!problem.ok()) return problem.status();
  Verdict verdict = Search(*problem, *model, options.budget, options.method);
  object.answer = verdict.answer;
  object.reason = verdict.reason;
  object.steps = verdict.steps;
  if (verdict.answer == Answer::kLegal) {
    std::string wrong = CheckOrder(*problem, *model, verdict.order);
    CHECK(wrong.empty()) << "the search's order does not hold: " << wrong;
    for (uint32_t step : verdict.order) object.order.push_back(problem->steps[step].operation);
  } else if (verdict.answer == Answer::kIllegal) {
    object.first_bad = problem->steps[problem->moments[verdict.moment].step].operation;
    if (options.shrink) object.core = FindCore(object.operations, object.first_bad, kind);
  }
  return Status::Ok();
}

}  // namespace

Result<Report> Check(const std::vector<history::Operation>& operations, const ModelKind& kind,
                     const CheckOptions& options) {
  Report report{.objects = ByObject(operations, kind)};
  for (ObjectVerdict& object : report.objects) {
    if (Status status = Judge(object, kind, options); !status.ok()) return status;
    if (object.answer == Answer::kIllegal) report.answer = Answer::kIllegal;
    if (object.answer == Answer::kUnknown && report.answer == Answer::kLegal) report.answer = Answer::kUnknown;
  }
  return report;
}

}  // namespace kp::linearizability
