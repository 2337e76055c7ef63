#include <nlohmann/json.hpp>

#include "reports/render.h"

namespace kp::reports {
namespace {

// Keeps the order in which fields are written: people read these files.
using Json = nlohmann::ordered_json;

double ToMillis(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }
Duration FromMillis(double millis) { return Duration(static_cast<int64_t>(millis * 1e6 + (millis < 0 ? -0.5 : 0.5))); }

Json ToJson(const BehaviourNote& note) {
  Json sources = Json::array();
  for (const SourceNote& s : note.sources) sources.push_back({{"id", s.id}, {"words", s.words}, {"page", s.page}});
  return {{"id", note.id},           {"level", note.level}, {"source", sources}, {"since", note.since},
          {"maps_to", note.maps_to}, {"given", note.given}, {"when", note.when}, {"then", note.then}};
}

Json ToJson(const TestResult& result) {
  Json steps = Json::array();
  for (const Step& s : result.steps) {
    steps.push_back({{"at_ms", ToMillis(s.at)}, {"text", s.text}, {"detail", s.detail}, {"ok", s.ok}});
  }
  Json timeline = Json::array();
  for (const TimelineEntry& t : result.timeline) {
    timeline.push_back({{"at_ms", ToMillis(t.at)}, {"object", t.object}, {"event", t.event}, {"detail", t.detail}});
  }
  return {{"id", result.id},
          {"test", result.test},
          {"backend", result.backend},
          {"seed", std::to_string(result.seed)},  // text: JavaScript's numbers end at 2^53
          {"outcome", OutcomeName(result.outcome)},
          {"duration_ms", ToMillis(result.duration)},
          {"message", result.message},
          {"steps", steps},
          {"timeline", timeline},
          {"recipe", result.recipe}};
}

uint64_t SeedFrom(const Json& json) {
  const std::string text = json.at("seed").get<std::string>();
  size_t used = 0;
  const uint64_t seed = std::stoull(text, &used);
  if (used != text.size()) throw std::invalid_argument("seed '" + text + "'");
  return seed;
}

BehaviourNote NoteFrom(const Json& json) {
  BehaviourNote note;
  note.id = json.at("id");
  note.level = json.at("level");
  for (const Json& s : json.at("source")) note.sources.push_back({s.at("id"), s.at("words"), s.at("page")});
  note.since = json.at("since");
  note.maps_to = json.at("maps_to").get<std::vector<std::string>>();
  note.given = json.at("given");
  note.when = json.at("when");
  note.then = json.at("then");
  return note;
}

TestResult ResultFrom(const Json& json) {
  TestResult result;
  result.id = json.at("id");
  result.test = json.at("test");
  result.backend = json.at("backend");
  result.seed = SeedFrom(json);
  const auto outcome = ParseOutcome(json.at("outcome").get<std::string>());
  if (!outcome.ok()) throw std::invalid_argument(outcome.error().message());
  result.outcome = *outcome;
  result.duration = FromMillis(json.at("duration_ms"));
  result.message = json.at("message");
  for (const Json& s : json.at("steps")) {
    result.steps.push_back({FromMillis(s.at("at_ms")), s.at("text"), s.at("detail"), s.at("ok")});
  }
  for (const Json& t : json.at("timeline")) {
    result.timeline.push_back({FromMillis(t.at("at_ms")), t.at("object"), t.at("event"), t.at("detail")});
  }
  result.recipe = json.at("recipe");
  return result;
}

RunRecord RunFrom(const Json& json) {
  RunRecord run;
  run.schema_version = json.at("schema_version");
  if (run.schema_version != kSchemaVersion) {
    throw std::invalid_argument("schema_version " + std::to_string(run.schema_version) + " is not " +
                                std::to_string(kSchemaVersion));
  }
  run.tool = json.at("tool");
  const auto started = ParseRfc3339(json.at("started").get<std::string>());
  if (!started.ok()) throw std::invalid_argument(started.error().message());
  run.started = *started;
  run.duration = FromMillis(json.at("duration_ms"));
  run.backends = json.at("backends").get<std::vector<std::string>>();
  run.seed = SeedFrom(json);
  run.server = json.at("server");
  run.mutant = json.at("mutant");
  run.command = json.at("command");
  run.aborted = json.at("aborted");
  for (const Json& note : json.at("behaviours")) run.behaviours.push_back(NoteFrom(note));
  for (const Json& result : json.at("results")) run.results.push_back(ResultFrom(result));
  return run;
}

}  // namespace

std::string RenderJson(const RunRecord& run) {
  Json json = {{"schema_version", run.schema_version},
               {"tool", run.tool},
               {"started", FormatRfc3339Micro(run.started)},
               {"duration_ms", ToMillis(run.duration)},
               {"backends", run.backends},
               {"seed", std::to_string(run.seed)},
               {"server", run.server},
               {"mutant", run.mutant},
               {"command", run.command},
               {"aborted", run.aborted},
               {"behaviours", Json::array()},
               {"results", Json::array()}};
  for (const BehaviourNote& note : run.behaviours) json["behaviours"].push_back(ToJson(note));
  for (const TestResult& result : run.results) json["results"].push_back(ToJson(result));
  // A message may quote bytes that are no UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunRecord> ParseJson(std::string_view text) {
  try {
    return RunFrom(Json::parse(text));
  } catch (const std::exception& error) {
    return Status(Code::kInvalidArgument, std::string("not a results.json: ") + error.what());
  }
}

}  // namespace kp::reports
