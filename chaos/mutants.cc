#include "chaos/mutants.h"

#include <yaml-cpp/yaml.h>

#include <set>
#include <utility>

#include "reference/base/strings.h"

namespace kp::chaos {

// Generated from chaos/mutants.yaml (kp_embed).
std::vector<std::pair<std::string_view, std::string_view>> EmbeddedMutants();

namespace {

// Yaml-cpp throws where a node is not what it is taken for; the caller catches.
Mutant ReadMutant(const YAML::Node& item) {
  static const std::set<std::string> known = {"name", "component", "breaks", "faults", "by", "properties", "seed"};
  for (const auto& pair : item) {
    const std::string key = pair.first.as<std::string>();
    if (!known.contains(key)) throw YAML::Exception(item.Mark(), "unknown key '" + key + "'");
  }
  Mutant mutant;
  for (const auto& [key, value] : {std::pair("name", &mutant.name), std::pair("component", &mutant.component),
                                   std::pair("breaks", &mutant.breaks)}) {
    if (!item[key]) throw YAML::Exception(item.Mark(), std::string(key) + " is missing");
    *value = item[key].as<std::string>();
  }
  if (item["faults"]) mutant.faults = item["faults"].as<bool>();
  if (item["by"]) mutant.by = item["by"].as<std::vector<std::string>>();
  if (item["properties"]) mutant.properties = item["properties"].as<std::vector<std::string>>();
  if (item["seed"]) mutant.seed = item["seed"].as<uint64_t>();
  return mutant;
}

}  // namespace

Result<std::vector<Mutant>> ParseMutants(std::string_view yaml) {
  std::vector<Mutant> mutants;
  std::vector<std::string> problems;
  std::set<std::string> names;
  try {
    for (const YAML::Node& item : YAML::Load(std::string(yaml))) {
      try {
        mutants.push_back(ReadMutant(item));
        const std::string& name = mutants.back().name;
        if (!names.insert(name).second) problems.push_back(name + ": listed twice");
      } catch (const YAML::Exception& error) {
        problems.emplace_back(error.what());
      }
    }
  } catch (const YAML::Exception& error) {
    problems.emplace_back(error.what());
  }
  if (!problems.empty()) return Status(Code::kInvalidArgument, Join(problems, "\n"));
  return mutants;
}

const std::vector<Mutant>& BuiltinMutants() {
  static const std::vector<Mutant> mutants = [] {
    Result<std::vector<Mutant>> parsed = ParseMutants(EmbeddedMutants()[0].second);
    CHECK(parsed.ok()) << parsed.error().message();
    return std::move(parsed).value();
  }();
  return mutants;
}

}  // namespace kp::chaos
