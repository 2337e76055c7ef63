#include "bindings/cli/conform_plan.h"

#include <map>

#include "reference/base/mutant.h"

namespace kp::cli {

using conformance::Behaviour;
using conformance::Entry;
using conformance::Job;
using reports::Outcome;
using reports::TestResult;

namespace {

Job MakeJob(const BackendHost& host, const Behaviour& behaviour, uint64_t seed) {
  Job job;
  job.behaviour = behaviour;
  job.backend = host.name();
  job.seed = seed;
  const std::string mutant = ActiveMutant().empty() ? "" : "--mutant " + ActiveMutant() + " ";
  job.recipe = "kubeproof " + mutant + "conform " + host.RecipeFlags() + " --id " + std::string(behaviour.id);
  if (host.backend() == fixtures::Backend::kSim) job.recipe += " --seed " + std::to_string(seed);
  return job;
}

void PlanOne(const Entry& entry, const std::vector<Behaviour>& tests, BackendHost& host, uint64_t seed, Plan& plan) {
  const auto settle = [&](Job job, Outcome outcome, std::string why) {
    TestResult result = conformance::ResultOf(job);
    result.outcome = outcome;
    result.message = std::move(why);
    plan.settled.push_back(std::move(result));
  };
  const auto inapplicable = conformance::NotApplicable(entry, host.name(), host.Offers(entry));
  if (inapplicable) return settle(MakeJob(host, {.id = entry.id}, seed), Outcome::kNotApplicable, *inapplicable);
  if (tests.empty()) {
    return settle(MakeJob(host, {.id = entry.id}, seed), Outcome::kSkipped, "untested: " + entry.untested);
  }
  for (const Behaviour& test : tests) plan.jobs.push_back({MakeJob(host, test, seed), &entry, &host});
}

}  // namespace

int64_t Needed(const Entry& entry, std::string_view capability) {
  for (const conformance::Need& need : entry.needs) {
    if (need.capability == capability) return need.at_least;
  }
  return 0;
}

Plan MakePlan(const std::vector<const Entry*>& entries, const std::vector<Behaviour>& behaviours,
              const std::vector<std::unique_ptr<BackendHost>>& hosts, SeedRange seeds) {
  std::map<std::string_view, std::vector<Behaviour>> tests;
  for (const Behaviour& behaviour : behaviours) tests[behaviour.id].push_back(behaviour);
  Plan plan;
  for (int i = 0; i < seeds.count; ++i) {
    for (const auto& host : hosts) {
      for (const Entry* entry : entries) {
        PlanOne(*entry, tests[entry->id], *host, seeds.first + static_cast<uint64_t>(i), plan);
      }
    }
  }
  return plan;
}

reports::BehaviourNote NoteOf(const Entry& entry, const conformance::Catalogue& catalogue) {
  reports::BehaviourNote note;
  note.id = entry.id;
  note.level = conformance::LevelName(entry.level);
  for (const std::string& id : entry.sources) {
    const conformance::Source& source = catalogue.sources.at(id);
    note.sources.push_back({source.id, source.words, source.page});
  }
  note.since = entry.since;
  note.maps_to = entry.maps_to;
  note.given = entry.given;
  note.when = entry.when;
  note.then = entry.then;
  return note;
}

}  // namespace kp::cli
