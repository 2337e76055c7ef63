// kubeproof bench: how fast the project is on this machine, against its own targets.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bindings/cli/bench.h"
#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "bindings/cli/kill_matrix.h"

namespace kp::cli {

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<double> Measure::Judged() const {
  if (peer.empty()) return rounds;
  std::vector<double> ratios;
  for (size_t i = 0; i < rounds.size(); ++i) ratios.push_back(rounds[i] / peer[i]);
  return ratios;
}

bool Measure::Met() const {
  const double median = Median(Judged());
  return target == Target::kAtLeast ? median >= wanted : median < wanted;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

namespace {

struct Bench {
  const char* name;
  Result<Measures> (*run)(const BenchOptions& options);
  int rounds = 3;
};

constexpr Bench kBenches[] = {{"up", BenchUp},
                              {"sim", BenchSim},
                              {"deployment", BenchDeployment},
                              {"scheduler", BenchScheduler},
                              {"store", BenchStore, 7}};

#ifdef __OPTIMIZE__
constexpr bool kOptimised = true;
#else
constexpr bool kOptimised = false;
#endif

// Three digits that matter.
std::string Figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value);
  return text;
}

const char* Verdict(const Measure& measure) {
  return measure.target == Target::kNone ? "" : measure.Met() ? "met" : "missed";
}

// What else the machine was doing decides how much a figure says.
double LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

void PrintHeading() {
  if (!kOptimised) std::printf("This build is not optimised: its figures say nothing about the targets.\n");
  std::printf("Load average at the start %.1f.\n", LoadAverage());
}

std::string TargetText(const Measure& measure) {
  if (measure.target == Target::kNone) return "";
  return (measure.target == Target::kBelow ? "< " : ">= ") + Figure(measure.wanted);
}

// Beside a peer the ratio is what counts: what the machine does otherwise hits both.
void PrintRowsWithPeer(const char* bench, const Measures& measures) {
  std::printf("%-7s %-40s %-5s %9s %9s %8s %8s %8s  %-8s %s\n", "BENCH", "WHAT", "UNIT", "OURS", "PEER", "RATIO",
              "LEAST", "MOST", "TARGET", "VERDICT");
  for (const Measure& measure : measures) {
    const std::vector<double> ratios = measure.Judged();
    std::printf("%-7s %-40s %-5s %9s %9s %8s %8s %8s  %-8s %s\n", bench, measure.what.c_str(), measure.unit.c_str(),
                Figure(Median(measure.rounds)).c_str(), Figure(Median(measure.peer)).c_str(),
                Figure(Median(ratios)).c_str(), Figure(std::ranges::min(ratios)).c_str(),
                Figure(std::ranges::max(ratios)).c_str(), TargetText(measure).c_str(), Verdict(measure));
  }
}

void PrintRows(const char* bench, const Measures& measures) {
  if (!measures.empty() && !measures.front().peer.empty()) return PrintRowsWithPeer(bench, measures);
  std::printf("%-11s %-40s %-8s %10s %10s %10s  %-13s %s\n", "BENCH", "WHAT", "TARGET", "MEDIAN", "LEAST", "MOST",
              "UNIT", "VERDICT");
  for (const Measure& measure : measures) {
    std::printf("%-11s %-40s %-8s %10s %10s %10s  %-13s %s\n", bench, measure.what.c_str(), TargetText(measure).c_str(),
                Figure(Median(measure.rounds)).c_str(), Figure(std::ranges::min(measure.rounds)).c_str(),
                Figure(std::ranges::max(measure.rounds)).c_str(), measure.unit.c_str(), Verdict(measure));
  }
  std::fflush(stdout);
}

nlohmann::ordered_json ToJson(const char* bench, const Measure& measure) {
  nlohmann::ordered_json row = {{"bench", bench}, {"what", measure.what}, {"unit", measure.unit}};
  if (measure.target != Target::kNone) {
    row["target"] = {{measure.target == Target::kBelow ? "below" : "atLeast", measure.wanted}};
    row["met"] = measure.Met();
  }
  row["median"] = Median(measure.rounds);
  row["rounds"] = measure.rounds;
  if (!measure.peer.empty()) {
    row["peer"] = {{"median", Median(measure.peer)}, {"rounds", measure.peer}};
    row["ratio"] = {{"median", Median(measure.Judged())}, {"rounds", measure.Judged()}};
  }
  return row;
}

int Usage(const std::string& message) {
  return Complain("bench",
                  message +
                      "; usage: bench [up|sim|deployment|scheduler|store]... [--rounds N] [--quick] "
                      "[--peer etcd] [--part single|cluster|watch] [-o json]",
                  kUsage);
}

}  // namespace

int RunBench(int argc, char** argv) {
  // Names come first, then flags.
  std::vector<const Bench*> chosen;
  int first = 1;
  for (; first < argc && argv[first][0] != '-'; ++first) {
    const auto* found = std::ranges::find(kBenches, std::string_view(argv[first]), &Bench::name);
    if (found == std::end(kBenches)) return Usage(std::string("no bench '") + argv[first] + "'");
    chosen.push_back(found);
  }
  if (chosen.empty()) {
    for (const Bench& bench : kBenches) chosen.push_back(&bench);
  }
  BenchOptions options;
  std::string output;
  Flags flags;
  flags.Text("output", &output);
  flags.Integer("rounds", &options.rounds);
  flags.Boolean("quick", &options.quick);
  flags.Text("peer", &options.peer);
  flags.Text("part", &options.part);
  std::vector<char*> arguments = WithLongOutput(argc - first + 1, argv + first - 1);
  if (Status status = flags.Parse(static_cast<int>(arguments.size()), arguments.data()); !status.ok()) {
    return Usage(status.message());
  }
  if (!output.empty() && output != "json") return Usage("-o: want json");
  if (options.rounds < 0 || options.rounds > 100) return Usage("--rounds: want 1 to 100");
  if (!options.peer.empty() && options.peer != "etcd") return Usage("--peer: want etcd");
  const auto parts = {"", "single", "cluster", "watch"};
  if (std::ranges::find(parts, options.part) == parts.end()) return Usage("--part: want single, cluster or watch");
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const double load = LoadAverage();
  if (output.empty()) PrintHeading();
  for (const Bench* bench : chosen) {
    BenchOptions chosen_options = options;
    if (options.rounds == 0) chosen_options.rounds = bench->rounds;
    const Result<Measures> measures = bench->run(chosen_options);
    if (!measures.ok())
      return Complain("bench", std::string(bench->name) + ": " + measures.status().message(), kFailures);
    if (output.empty()) PrintRows(bench->name, *measures);
    for (const Measure& measure : *measures) rows.push_back(ToJson(bench->name, measure));
  }
  if (output == "json") {
    const nlohmann::ordered_json all = {{"optimised", kOptimised}, {"loadAverage", load}, {"measures", rows}};
    std::printf("%s\n", all.dump(2).c_str());
  }
  return kPass;
}

}  // namespace kp::cli
