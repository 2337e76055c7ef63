// kubeproof check HISTORY --model M: whether a recorded history is linearizable, and if not, why.
#include <cstdio>
#include <vector>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "bindings/cli/run_folder.h"
#include "properties/history/formats.h"
#include "properties/linearizability/explain.h"
#include "reference/api/json.h"

namespace kp::cli {
namespace {

constexpr const char* kHelp =
    "usage: kubeproof check HISTORY --model MODEL [flags]\n"
    "Says whether a history is linearizable; of a bad one, which few operations make it so, and why.\n"
    "\n"
    "  --model M        what the clients used, see below\n"
    "  --format F       jsonl, edn, porcupine-kv or porcupine-etcd (default: by its first line)\n"
    "  --steps N        configurations that may be expanded for one object (default 50000000)\n"
    "  --memory MIB     that the search for one object may hold (default 1024)\n"
    "  --search S       both (in turn), frontier or depth-first\n"
    "  --convert F      print the history in another format instead\n"
    "  -o json          verdicts with their certificates: the order that explains a good history\n"
    "\n"
    "exit code: 0 linearizable, 1 not, 2 usage or a history that cannot be read, 4 unknown within the budget\n"
    "\n"
    "models:\n";

struct CheckFlags {
  std::string file;
  std::string model;
  std::string format;
  std::string search = "both";
  std::string convert;
  std::string output;
  int steps = 50'000'000;
  int memory = 1024;
};

void PrintHelp() {
  std::fputs(kHelp, stdout);
  for (const linearizability::ModelKind& kind : linearizability::ModelKinds()) {
    std::printf("  %-16s %s\n", kind.name.c_str(), kind.summary.c_str());
  }
}

api::Value ToJsonValue(const linearizability::ObjectVerdict& object) {
  auto events = [&](const std::vector<size_t>& indices) {
    std::vector<api::Value> calls;
    for (size_t index : indices) calls.push_back(object.operations[index].call);
    return api::Value::Array(std::move(calls));
  };
  api::Value value = api::Obj({{"key", object.key},
                               {"verdict", linearizability::AnswerName(object.answer)},
                               {"operations", object.operations.size()},
                               {"steps", static_cast<int64_t>(object.steps)}});
  if (object.answer == linearizability::Answer::kLegal) return value.With("order", events(object.order));
  if (object.answer == linearizability::Answer::kUnknown) return value.With("reason", object.reason);
  value = value.With("firstBad", object.operations[object.first_bad].call);
  if (!object.core) return value;
  std::vector<size_t> core;
  for (const linearizability::CoreOperation& each : object.core->operations) core.push_back(each.operation);
  return value.With("core", events(core)).With("why", object.core->why);
}

void Print(const linearizability::Report& report, const linearizability::ModelKind& kind, bool as_json) {
  if (as_json) {
    std::vector<api::Value> objects;
    for (const auto& object : report.objects) objects.push_back(ToJsonValue(object));
    api::Value all = api::Obj({{"model", kind.name},
                               {"verdict", linearizability::AnswerName(report.answer)},
                               {"objects", api::Value::Array(std::move(objects))}});
    std::puts(api::ToPrettyJson(all).c_str());
    return;
  }
  size_t good = 0;
  for (const auto& object : report.objects) {
    good += object.answer == linearizability::Answer::kLegal;
    if (object.answer != linearizability::Answer::kLegal || report.objects.size() == 1) {
      std::fputs(linearizability::Explain(object, kind).c_str(), stdout);
    }
  }
  if (report.objects.size() != 1) std::printf("%zu of %zu objects linearizable\n", good, report.objects.size());
}

Result<std::vector<history::Event>> Read(const CheckFlags& flags) {
  Result<std::string> text = ReadFile(flags.file);
  if (!text.ok()) return text.status();
  Result<history::Format> format =
      flags.format.empty() ? history::GuessFormat(*text) : history::ParseFormat(flags.format);
  if (!format.ok()) return format.status();
  Result<std::vector<history::Event>> events = history::ReadHistory(*text, *format);
  if (!events.ok()) return Status(events.status().code(), flags.file + ": " + events.status().message());
  return events;
}

int Convert(const CheckFlags& flags) {
  Result<history::Format> format = history::ParseFormat(flags.convert);
  if (!format.ok()) return Complain("check", format.status().message(), kUsage);
  Result<std::vector<history::Event>> events = Read(flags);
  if (!events.ok()) return Complain("check", events.status().message(), kUsage);
  std::fputs(history::WriteHistory(*events, *format).c_str(), stdout);
  return kPass;
}

Result<linearizability::CheckOptions> OptionsOf(const CheckFlags& flags) {
  linearizability::CheckOptions options;
  if (flags.steps < 1) return Status(Code::kInvalidArgument, "--steps must be at least 1");
  if (flags.memory < 1) return Status(Code::kInvalidArgument, "--memory must be at least 1");
  options.budget = {.steps = static_cast<uint64_t>(flags.steps), .bytes = static_cast<size_t>(flags.memory) << 20};
  if (flags.search == "frontier") {
    options.method = linearizability::Method::kFrontier;
  } else if (flags.search == "depth-first") {
    options.method = linearizability::Method::kDepthFirst;
  } else if (flags.search != "both") {
    return Status(Code::kInvalidArgument, "--search must be both, frontier or depth-first");
  }
  return options;
}

int Check(const CheckFlags& flags) {
  Result<linearizability::ModelKind> kind = linearizability::FindModel(flags.model);
  if (!kind.ok()) return Complain("check", kind.status().message(), kUsage);
  Result<linearizability::CheckOptions> options = OptionsOf(flags);
  if (!options.ok()) return Complain("check", options.status().message(), kUsage);
  Result<std::vector<history::Event>> events = Read(flags);
  if (!events.ok()) return Complain("check", events.status().message(), kUsage);
  Result<std::vector<history::Operation>> operations = history::Pair(*events);
  if (!operations.ok()) return Complain("check", flags.file + ": " + operations.status().message(), kUsage);
  Result<linearizability::Report> report = linearizability::Check(*operations, *kind, *options);
  if (!report.ok()) return Complain("check", flags.file + ": " + report.status().message(), kUsage);
  Print(*report, *kind, flags.output == "json");
  switch (report->answer) {
    case linearizability::Answer::kLegal: return kPass;
    case linearizability::Answer::kIllegal: return kFailures;
    case linearizability::Answer::kUnknown: return kAborted;
  }
  return kAborted;
}

}  // namespace

int RunCheck(int argc, char** argv) {
  CheckFlags flags;
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--help") {
      PrintHelp();
      return kPass;
    }
    if (word == "-o" && i + 1 < argc) {
      flags.output = argv[++i];
    } else if (rest.size() == 1 && flags.file.empty() && !word.starts_with("-")) {
      flags.file = word;
    } else {
      rest.push_back(argv[i]);
    }
  }
  Flags parser;
  parser.Text("model", &flags.model);
  parser.Text("format", &flags.format);
  parser.Text("search", &flags.search);
  parser.Text("convert", &flags.convert);
  parser.Integer("steps", &flags.steps);
  parser.Integer("memory", &flags.memory);
  Status status = parser.Parse(static_cast<int>(rest.size()), rest.data());
  if (!status.ok()) return Complain("check", status.message(), kUsage);
  if (!flags.output.empty() && flags.output != "json") return Complain("check", "-o takes json", kUsage);
  if (flags.file.empty()) return Complain("check", "want: check HISTORY --model MODEL", kUsage);
  return flags.convert.empty() ? Check(flags) : Convert(flags);
}

}  // namespace kp::cli
